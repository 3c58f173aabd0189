"""Which experts can be named as models, and which host a call goes to."""

from __future__ import annotations

from orchestrion.experts import AcceptedValues, Expert, ExpertState, ExpertStatus, Host, HostState
from orchestrion_gateway.openai_api.offer import is_served, of_hosts, performs

TALKER = Expert("talker", "owner/model", "transformers", ("conversational",))


def host(name: str, expert_state: ExpertState, queued: int = 0, **facts: object) -> Host:
    status = ExpertStatus("talker", expert_state, queued_count=queued)
    return Host(f"hosts/{name}", "127.0.0.1:1", experts=(TALKER,), statuses=(status,), **facts)  # type: ignore[arg-type]


def test_a_call_goes_to_the_host_that_answers_soonest_and_to_the_others_after_it() -> None:
    hosts = [
        host("fetching", ExpertState.TO_BE_FETCHED, fetches_on_demand=True),
        host("cold", ExpertState.LOADABLE),
        host("busy", ExpertState.LOADED, queued=3),
        host("idle", ExpertState.LOADED),
    ]
    offered = of_hosts(hosts)["talker"]
    assert offered.hosts == ("hosts/idle", "hosts/busy", "hosts/cold", "hosts/fetching")
    (assignment,) = offered.assignments(["task"])
    assert (assignment.task_id, assignment.host, assignment.expert_id) == ("task", "hosts/idle", "talker")
    assert [candidate.host for candidate in assignment.candidates] == list(offered.hosts)


def test_what_gets_no_work_is_no_model() -> None:
    hosts = [
        host("absent", ExpertState.UNAVAILABLE),
        host("unfetched", ExpertState.TO_BE_FETCHED),
        host("leaving", ExpertState.LOADED, state=HostState.DRAINING),
        host("gone", ExpertState.LOADED, state=HostState.DISCONNECTED),
    ]
    assert of_hosts(hosts) == {}


def test_an_expert_is_a_model_for_what_it_does_of_a_task_type() -> None:
    def filters(*operations: str) -> Expert:
        return Expert("a", "a", "engine", ("image-to-image",), accepts=(AcceptedValues("operation", operations),))

    assert performs(filters("blur", "redraw"), "image-to-image")
    assert performs(Expert("a", "a", "engine", ("image-to-image",)), "image-to-image")
    assert not is_served(filters("blur"))
    domains = {"": True, "toxicity": True, "sentiment": False}
    for domain, moderates in domains.items():
        assert is_served(Expert("a", "a", "engine", ("text-classification",), domain=domain)) is moderates
    assert not is_served(Expert("a", "a", "engine", ("object-detection",)))
