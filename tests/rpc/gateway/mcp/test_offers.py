"""What of a task type is on offer, by what hosts report. Pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrion import Expert, Host, ListedTaskType, TaskType
from orchestrion.experts import AcceptedValues, ExpertState, ExpertStatus, HostState, TaskTypeState
from orchestrion.plans import Parameter, ParameterKind
from orchestrion_gateway.mcp_server.offers import OfferedTaskType, offered_of

DETECTION = TaskType(
    "detection",
    "Finds things.",
    inputs=(
        Parameter("image", ParameterKind.IMAGE),
        Parameter("domain", ParameterKind.TEXT, optional=True, choices=("faces", "plants")),
        Parameter("detail", ParameterKind.TEXT, choices=("low", "high")),
        Parameter("prompt", ParameterKind.TEXT, optional=True),
    ),
    outputs=(Parameter("objects", ParameterKind.JSON),),
)
LISTED = ListedTaskType(DETECTION, TaskTypeState.READY)
EVERYTHING = Expert("everything", "m", "engine", ("detection",))
FACES = Expert("faces", "m", "engine", ("detection",), domain="Faces")
COARSE = replace(EVERYTHING, id="coarse", accepts=(AcceptedValues("detail", ("low",)), AcceptedValues("prompt", ())))


def host(*experts: Expert, state: ExpertState = ExpertState.LOADABLE, **settings: object) -> Host:
    statuses = tuple(ExpertStatus(expert.id, state) for expert in experts)
    return Host("hosts/one", "x:1", experts=experts, statuses=statuses, **settings)  # type: ignore[arg-type]


def offered(*hosts: Host, listed: ListedTaskType = LISTED) -> OfferedTaskType:
    (offer,) = offered_of([listed], hosts)
    return offer


def choices(offer: OfferedTaskType, name: str) -> tuple[str, ...] | None:
    """The choices of an input; None for one that is not offered."""
    parameter = offer.task_type.input(name)
    return parameter.choices if parameter else None


def test_choices_are_those_that_some_expert_takes() -> None:
    one = offered(host(EVERYTHING))
    assert (choices(one, "detail"), choices(one, "prompt")) == (("low", "high"), ())
    # Nobody is made for a domain here.
    assert choices(one, "domain") is None

    coarse = offered(host(COARSE))
    assert (choices(coarse, "detail"), choices(coarse, "prompt")) == (("low",), None)

    both = offered(host(COARSE), host(FACES))
    assert (choices(both, "detail"), choices(both, "domain")) == (("low", "high"), ("faces",))
    domain = both.task_type.input("domain")
    assert domain is not None
    assert domain.optional
    # Where all are made for one, it has to be named.
    domain = offered(host(FACES)).task_type.input("domain")
    assert domain is not None
    assert not domain.optional


def test_what_must_be_given_stays_where_no_expert_says_what_it_takes_of_it() -> None:
    nobody = replace(EVERYTHING, accepts=(AcceptedValues("detail", ("medium",)),))
    assert choices(offered(host(nobody)), "detail") == ("low", "high")


@pytest.mark.parametrize(
    ("hosts", "listed"),
    [
        ([], LISTED),
        ([host(EVERYTHING, state=ExpertState.UNAVAILABLE)], LISTED),
        ([host(EVERYTHING, state=ExpertState.TO_BE_FETCHED)], LISTED),
        ([replace(host(EVERYTHING), state=HostState.DRAINING)], LISTED),
        ([replace(host(EVERYTHING), statuses=())], LISTED),
        ([host(replace(EVERYTHING, task_types=("other",)))], LISTED),
        ([host(EVERYTHING)], replace(LISTED, state=TaskTypeState.UNAVAILABLE)),
    ],
)
def test_what_nobody_can_perform_now_is_not_offered(hosts: list[Host], listed: ListedTaskType) -> None:
    assert offered_of([listed], hosts) == ()


def test_what_a_host_fetches_by_itself_is_offered() -> None:
    offered(host(EVERYTHING, state=ExpertState.TO_BE_FETCHED, fetches_on_demand=True))


def test_languages_are_named_where_each_expert_has_some() -> None:
    english, german = replace(EVERYTHING, languages=("en",)), replace(EVERYTHING, id="g", languages=("de", "en"))
    assert offered(host(german, english)).languages == ("de", "en")
    assert offered(host(german, EVERYTHING)).languages == ()
