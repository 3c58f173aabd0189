"""Models as OpenAI's API calls them: the platform as a whole under its own name, and every expert under its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion import Assignment, AsyncClient, Expert, Host, OrchestrionError, Reason
from orchestrion.experts import Candidate, ExpertState, ExpertStatus, HostState
from orchestrion.values import Value

PLATFORM: Final = "orchestrion"
"""The model that is the whole pipeline; for a call of one task, the expert that the selector chooses."""

CHAT: Final = ("conversational", "text-generation")
EMBEDDINGS: Final = ("feature-extraction",)
TRANSCRIPTIONS: Final = ("automatic-speech-recognition",)
SPEECH: Final = ("text-to-speech",)
IMAGES: Final = ("text-to-image",)
IMAGE_EDITS: Final = ("image-editing", "image-to-image")
MODERATIONS: Final = ("text-classification",)
_SERVED: Final = (*CHAT, *EMBEDDINGS, *TRANSCRIPTIONS, *SPEECH, *IMAGES, *IMAGE_EDITS, *MODERATIONS)
TOXICITY: Final = "toxicity"
"""The domain of classifiers of texts that moderate."""
REDRAW: Final = "redraw"
"""The operation of `image-to-image` that changes a picture after words."""

_AT_ONCE: Final = (ExpertState.LOADED, ExpertState.LOADING, ExpertState.LOADABLE, ExpertState.TO_BE_FETCHED)
_MOST_LISTED: Final = 12


@dataclass(frozen=True, slots=True)
class OfferedExpert:
    """An expert that can be given work, and where."""

    expert: Expert
    """The expert."""
    hosts: tuple[str, ...]
    """The hosts that have it, `hosts/{host}`, the one that answers soonest first."""

    def assignments(self, task_ids: Iterable[str]) -> tuple[Assignment, ...]:
        """Assigns tasks to it: to the first of its hosts, and to the others where that fails."""
        candidates = tuple(Candidate(host, self.expert.id) for host in self.hosts)
        reason = "The request names it as its model."
        return tuple(Assignment(task, self.hosts[0], self.expert.id, reason, candidates) for task in task_ids)

    def check_accepts(self, inputs: Mapping[str, Value], parameters: Mapping[str, str]) -> None:
        """Refuses values that it does not take; the controller leaves that to whoever assigns.

        Args:
            inputs: The inputs of the task.
            parameters: What the API calls them, where it has another name.

        Raises:
            InvalidArgumentError: It does not take one.
        """
        for accepted in self.expert.accepts:
            value = inputs.get(accepted.input)
            if value is not None and value not in accepted.values:
                name = parameters.get(accepted.input, accepted.input)
                values = ", ".join(accepted.values) or "none at all"
                raise Reason.INVALID_FIELD.error(
                    f"{name}: {self.expert.id} does not take {accepted.input} {value!r}, but {values}.", field=name
                )


@dataclass(frozen=True, slots=True)
class Performer:
    """Who performs the task of a call."""

    task_type: str
    """The name of the task type."""
    named: OfferedExpert | None
    """The expert that the request names; None leaves the choice to the selector."""

    def assignments(self, task_ids: Iterable[str]) -> tuple[Assignment, ...]:
        """Returns the assignments that the request makes; none where the selector chooses."""
        return () if self.named is None else self.named.assignments(task_ids)


async def offered(client: AsyncClient) -> Mapping[str, OfferedExpert]:
    """Returns the experts that can be given work now, by id."""
    return of_hosts(await client.hosts.list())


def of_hosts(hosts: Iterable[Host]) -> Mapping[str, OfferedExpert]:
    """Returns the experts of hosts that can be given work, by id."""
    experts: dict[str, Expert] = {}
    places: dict[str, list[tuple[tuple[int, int], str]]] = {}
    for host in hosts:
        if host.state is not HostState.READY:
            continue
        described = {expert.id: expert for expert in host.experts}
        for status in host.statuses:
            if status.expert_id in described and _obtainable(status, host):
                experts.setdefault(status.expert_id, described[status.expert_id])
                places.setdefault(status.expert_id, []).append((_delay(status), host.name))
    return {
        expert_id: OfferedExpert(experts[expert_id], tuple(name for _, name in sorted(places[expert_id])))
        for expert_id in sorted(experts)
    }


def is_served(expert: Expert) -> bool:
    """Whether any call of this API can name an expert."""
    return any(performs(expert, task_type) for task_type in _SERVED)


async def choose(client: AsyncClient, model: str, task_types: Sequence[str], endpoint: str) -> Performer:
    """Finds who performs the task of a call.

    Args:
        client: The client of the controller.
        model: The model of the request.
        task_types: What the call can do its work with, the best first.
        endpoint: What the call is named, for the error.

    Raises:
        NotFoundError: There is no such model, or it does nothing of the kind.
    """
    experts = await offered(client)
    able = {name: one for name, one in experts.items() if any(performs(one.expert, kind) for kind in task_types)}
    if model == PLATFORM:
        offers = (kind for kind in task_types if any(performs(one.expert, kind) for one in able.values()))
        return Performer(next(offers, task_types[0]), None)
    chosen = able.get(model)
    if chosen is None:
        raise _unable(model, experts.get(model), [PLATFORM, *able] if able or task_types == CHAT else [], endpoint)
    return Performer(next(kind for kind in task_types if performs(chosen.expert, kind)), chosen)


def performs(expert: Expert, task_type: str) -> bool:
    """Whether an expert does what calls of this API need of a task type."""
    if task_type not in expert.task_types:
        return False
    if task_type == "image-to-image":
        return all(REDRAW in accepted.values for accepted in expert.accepts if accepted.input == "operation")
    if task_type == "text-classification":
        return expert.domain in {"", TOXICITY}
    return True


def _unable(model: str, chosen: OfferedExpert | None, others: Sequence[str], endpoint: str) -> OrchestrionError:
    more = f", and {len(others) - _MOST_LISTED} more" if len(others) > _MOST_LISTED else ""
    listed = ", ".join(others[:_MOST_LISTED]) + more or "none now"
    problem = "does not exist here" if chosen is None else f"cannot do that; it performs {_performed(chosen.expert)}"
    return Reason.EXPERT_NOT_FOUND.error(
        f"{endpoint}: the model {model!r} {problem}. Models for it: {listed}.", field="model"
    )


def _performed(expert: Expert) -> str:
    domain = f" ({expert.domain})" if expert.domain else ""
    return ", ".join(expert.task_types) + domain


def _obtainable(status: ExpertStatus, host: Host) -> bool:
    if status.state is ExpertState.TO_BE_FETCHED:
        return host.fetches_on_demand
    return status.state not in {ExpertState.UNAVAILABLE, ExpertState.UNSPECIFIED}


def _delay(status: ExpertStatus) -> tuple[int, int]:
    """Sorts places by how soon an expert answers there: loaded ones first, then by what waits."""
    state = _AT_ONCE.index(status.state) if status.state in _AT_ONCE else len(_AT_ONCE)
    return state, status.queued_count + status.running_count
