"""What is on offer now: task types, cut down to what the experts that can be had take of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from orchestrion import AsyncClient, Expert, Host, ListedTaskType, TaskType
from orchestrion.experts import ExpertState, HostState, TaskTypeState
from orchestrion.plans import Parameter

ASK: Final = "ask"
"""The tool that takes plain words."""

_DOMAIN: Final = "domain"


@dataclass(frozen=True, slots=True)
class OfferedTaskType:
    """A task type that can be performed now."""

    task_type: TaskType
    """With the choices and optional inputs alone that some expert takes."""
    languages: tuple[str, ...] = ()
    """The languages that its experts handle, as BCP 47 tags; empty where they do not matter, or not for all of them."""

    @property
    def tool_name(self) -> str:
        """What its tool is called: as the task type is, unless that is the name of another tool."""
        return f"task-{ASK}" if self.task_type.name == ASK else self.task_type.name


async def current(client: AsyncClient) -> Mapping[str, OfferedTaskType]:
    """Returns what is on offer, by the names of the tools.

    Raises:
        OrchestrionError: The controller does not answer.
    """
    listed, hosts = await asyncio.gather(client.task_types.list(), client.hosts.list())
    offered = offered_of(listed, hosts)
    return {offer.tool_name: offer for offer in offered}


def offered_of(listed: Iterable[ListedTaskType], hosts: Iterable[Host]) -> tuple[OfferedTaskType, ...]:
    """Returns what of the task types listed can be performed on hosts, in the same order."""
    experts = [expert for host in hosts for expert in available(host)]
    offered = []
    for item in listed:
        performers = [expert for expert in experts if item.task_type.name in expert.task_types]
        if item.state is not TaskTypeState.UNAVAILABLE and performers:
            offered.append(_limited(item.task_type, performers))
    return tuple(offered)


def available(host: Host) -> tuple[Expert, ...]:
    """Returns the experts of a host that can be given work."""
    if host.state is not HostState.READY:
        return ()
    absent = {ExpertState.UNSPECIFIED, ExpertState.UNAVAILABLE}
    if not host.fetches_on_demand:
        absent.add(ExpertState.TO_BE_FETCHED)
    there = {status.expert_id for status in host.statuses if status.state not in absent}
    return tuple(expert for expert in host.experts if expert.id in there)


def _limited(task_type: TaskType, performers: Sequence[Expert]) -> OfferedTaskType:
    inputs = (_limited_input(parameter, performers) for parameter in task_type.inputs)
    taken = tuple(parameter for parameter in inputs if parameter is not None)
    spoken = [expert.languages for expert in performers]
    languages = tuple(sorted({tag for tags in spoken for tag in tags})) if all(spoken) else ()
    return OfferedTaskType(replace(task_type, inputs=taken), languages)


def _limited_input(parameter: Parameter, performers: Sequence[Expert]) -> Parameter | None:
    """Returns an input with the choices that some expert takes; None for one that may be left out and nobody takes."""
    accepted = [_accepted(expert, parameter) for expert in performers]
    if parameter.optional and all(values == () for values in accepted):
        return None
    if not parameter.choices:
        return parameter
    choices = tuple(choice for choice in parameter.choices if any(_takes(values, choice) for values in accepted))
    if not choices:
        # Where it must be given, the error of the call says what is lacking.
        return None if parameter.optional else parameter
    # Where each expert is made for a domain, a task that names none finds nobody.
    optional = parameter.optional and not (parameter.name == _DOMAIN and all(expert.domain for expert in performers))
    return replace(parameter, choices=choices, optional=optional)


def _accepted(expert: Expert, parameter: Parameter) -> tuple[str, ...] | None:
    """Returns the values of an input that an expert takes, in lower case for a domain; None where it takes any."""
    if parameter.name == _DOMAIN and parameter.choices:
        return (expert.domain.lower(),) if expert.domain else ()
    return next((accepted.values for accepted in expert.accepts if accepted.input == parameter.name), None)


def _takes(values: tuple[str, ...] | None, choice: str) -> bool:
    return values is None or choice in values or choice.lower() in values
