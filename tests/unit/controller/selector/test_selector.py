"""Assignments from a registry with hosts that reported to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from orchestrion.errors import FailedPreconditionError, Reason
from orchestrion.experts import AbsentExpert, AcceptedValues, Assignment, ExpertState
from orchestrion.plans import Task
from orchestrion.values import OutputRef, Value
from orchestrion_controller.dispatch import SelectionContext
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.selector.selector import Selector
from tests.unit.controller.replicas import GIB, TYPE, device, expert, report, status

TASK = Task("read", TYPE)


@pytest.fixture
async def registry(metrics: ControllerMetrics) -> AsyncIterator[Registry]:
    registry = Registry(60_000, metrics)
    yield registry
    registry.close()


@pytest.fixture
def selector(registry: Registry) -> Selector:
    return Selector(registry, candidate_count=5)


def place(assignment: Assignment) -> tuple[str, str]:
    return assignment.host, assignment.expert_id


async def test_the_assignment_tells_its_reason_and_its_candidates(registry: Registry, selector: Selector) -> None:
    registry.report(report("hosts/one"), None)
    assignment = selector.assign(TASK)
    assert (assignment.task_id, *place(assignment)) == ("read", "hosts/one", "ocr")
    assert assignment.reason == "ocr is loaded on one; the only candidate."
    (candidate,) = assignment.candidates
    assert (candidate.host, candidate.expert_id) == ("hosts/one", "ocr")
    assert candidate.score == pytest.approx(sum(candidate.features.values()))


@pytest.mark.parametrize("state", [ExpertState.LOADING, ExpertState.LOADABLE, ExpertState.TO_BE_FETCHED])
async def test_loaded_beats_what_has_to_be_loaded(registry: Registry, selector: Selector, state: ExpertState) -> None:
    registry.report(report("hosts/a", statuses=(status(state=state),), fetches=True), None)
    registry.report(report("hosts/b", statuses=(status(latency_ms=500.0),)), None)
    assignment = selector.assign(TASK)
    assert place(assignment) == ("hosts/b", "ocr")
    assert assignment.reason.startswith("ocr is loaded on b; first of 2 candidates, before the same on a: ")
    assert [candidate.host for candidate in assignment.candidates] == ["hosts/b", "hosts/a"]


async def test_what_failed_to_load_is_taken_where_there_is_nothing_else(registry: Registry, selector: Selector) -> None:
    registry.report(report("hosts/a", statuses=(status(state=ExpertState.FAILED),)), None)
    assert "last load failed" in selector.assign(TASK).reason


async def test_of_equals_the_first_by_name_is_taken(registry: Registry, selector: Selector) -> None:
    for name in ("hosts/c", "hosts/a", "hosts/b"):
        registry.report(report(name), None)
    assert [candidate.host for candidate in selector.assign(TASK).candidates] == ["hosts/a", "hosts/b", "hosts/c"]


async def test_load_spreads_over_equal_hosts(registry: Registry, selector: Selector) -> None:
    for name in ("hosts/a", "hosts/b", "hosts/c"):
        registry.report(report(name), None)
    taken: Counter[tuple[str, str]] = Counter()
    calls = []
    for _ in range(12):
        replica = place(selector.assign(TASK))
        calls.append(selector.begin(replica))
        taken[replica] += 1
    assert set(taken.values()) == {4}
    for call in calls:
        if call.replica == ("hosts/b", "ocr"):
            call.end(cancelled=True)
    assert place(selector.assign(TASK)) == ("hosts/b", "ocr")


async def test_tasks_that_are_assigned_in_one_moment_spread_before_any_has_begun(
    registry: Registry, selector: Selector
) -> None:
    for name in ("hosts/a", "hosts/b", "hosts/c"):
        registry.report(report(name), None)
    taken: Counter[tuple[str, str]] = Counter()
    for _ in range(9):
        assignment = selector.assign(TASK)
        selector.count_assignment(assignment)
        taken[place(assignment)] += 1
    assert set(taken.values()) == {3}


async def test_what_has_ended_no_longer_counts(registry: Registry, selector: Selector) -> None:
    registry.report(report("hosts/a"), None)
    fresh = selector.assign(TASK)
    calls = [selector.begin(("hosts/a", "ocr")) for _ in range(3)]
    assert selector.assign(TASK).candidates[0].features["queue"] < -0.5
    for call in calls:
        call.end(cancelled=True)
    assert selector.assign(TASK) == fresh


async def test_an_expert_that_failed_is_passed_over_until_that_is_long_ago(registry: Registry) -> None:
    now = [0.0]
    selector = Selector(registry, 5, clock=lambda: now[0])
    for name in ("hosts/a", "hosts/b"):
        registry.report(report(name), None)
    selector.begin(("hosts/a", "ocr")).end(Reason.WORKER_CRASHED.error("died"))
    assignment = selector.assign(TASK)
    assert place(assignment) == ("hosts/b", "ocr")
    assert assignment.reason.endswith("before the same on a: it failed less.")
    now[0] += 3_600
    assert place(selector.assign(TASK)) == ("hosts/a", "ocr")


async def test_a_host_that_turned_out_slower_than_it_said_gets_less(registry: Registry) -> None:
    now = [0.0]
    selector = Selector(registry, 5, clock=lambda: now[0])
    for name in ("hosts/a", "hosts/b"):
        registry.report(report(name, statuses=(status(latency_ms=100.0),)), None)
    call = selector.begin(("hosts/a", "ocr"))
    now[0] += 2.0
    call.end()
    assignment = selector.assign(TASK)
    assert place(assignment) == ("hosts/b", "ocr")
    assert assignment.reason.endswith("before the same on a: it is faster.")


async def test_a_shortlist_names_each_expert_once_on_its_best_host(registry: Registry, selector: Selector) -> None:
    experts = [expert(f"expert-{number}", download_count=10**number) for number in range(7)]
    for name in ("hosts/a", "hosts/b"):
        state = ExpertState.LOADED if name == "hosts/b" else ExpertState.LOADABLE
        registry.report(report(name, *experts, statuses=tuple(status(item.id, state) for item in experts)), None)
    candidates = [item.candidate for item in selector.shortlist(TASK)]
    assert [candidate.expert_id for candidate in candidates] == [f"expert-{number}" for number in (6, 5, 4, 3, 2)]
    assert {candidate.host for candidate in candidates} == {"hosts/b"}


async def test_licences_that_the_operator_or_the_request_does_not_allow_are_not_used(registry: Registry) -> None:
    free, research = expert("free", license="MIT"), expert("research", license="CC-BY-NC-4.0", download_count=10**7)
    registry.report(report("hosts/a", free, research), None)
    commercial = Selector(registry, 5, licenses=("commercial",))
    assert [item.expert_id for item in commercial.assign(TASK).candidates] == ["free"]
    with pytest.raises(
        FailedPreconditionError, match=r"other licences than the allowed commercial and Apache-2\.0"
    ) as caught:
        commercial.assign(TASK, SelectionContext(licenses=("Apache-2.0",)))
    assert (caught.value.reason, caught.value.field) == ("NO_EXPERT", "licenses")
    assert "CC-BY-NC-4.0, MIT; allow one of these" in caught.value.message


async def test_what_failed_at_the_task_comes_last(registry: Registry, selector: Selector) -> None:
    registry.report(report("hosts/a", expert("ocr"), expert("other")), None)
    registry.report(report("hosts/b", statuses=(status(state=ExpertState.TO_BE_FETCHED),), fetches=True), None)
    avoid = {("hosts/a", "ocr"), ("hosts/a", "other")}
    assignment = selector.assign(TASK, avoid=avoid)
    assert place(assignment) == ("hosts/b", "ocr")
    assert {(candidate.host, candidate.expert_id) for candidate in assignment.candidates[1:]} == avoid
    # Where there is nothing else, even that is tried again.
    assert place(selector.assign(TASK, avoid=avoid | {("hosts/b", "ocr")}))[0] == "hosts/a"


async def test_only_so_many_candidates_are_kept(registry: Registry) -> None:
    for number in range(9):
        registry.report(report(f"hosts/{number}"), None)
    assignment = Selector(registry, candidate_count=2).assign(TASK)
    assert [candidate.host for candidate in assignment.candidates] == ["hosts/0", "hosts/1"]
    assert assignment.reason.endswith("first of 9 candidates.")
    (kept,) = Selector(registry, candidate_count=1).assign(TASK).candidates
    assert kept.host == "hosts/0"


async def test_the_language_that_a_task_names_decides(registry: Registry, selector: Selector) -> None:
    registry.report(report("hosts/a", expert("english", languages=("en",)), expert("german", languages=("de",))), None)
    assert selector.assign(Task("a", TYPE, {"language": "de-AT"})).expert_id == "german"
    assert selector.assign(Task("a", TYPE, {"language": "en"})).expert_id == "english"


async def test_an_expert_that_lists_no_languages_has_them_all(registry: Registry, selector: Selector) -> None:
    general, english = expert("general"), expert("english", languages=("en",))
    states = (status("general", ExpertState.TO_BE_FETCHED), status("english"))
    registry.report(report("hosts/a", general, english, statuses=states, fetches=True), None)
    assignment = selector.assign(Task("a", TYPE, {"language": "fr"}))
    assert [candidate.expert_id for candidate in assignment.candidates] == ["general"]


async def test_a_text_in_a_language_that_nobody_has_is_refused_in_the_language_of_the_request(
    registry: Registry, selector: Selector
) -> None:
    """Given an expert for English alone, a German text is refused: what it is, what there is, and the cure."""
    registry.report(report("hosts/a", expert("english", languages=("en",))), None)
    task = Task("a", TYPE, {"text": "Die Katze ist auf dem Dach, und sie war vorher nicht da."})
    with pytest.raises(FailedPreconditionError) as caught:
        selector.assign(task, SelectionContext(request="Was steht in dem Text über die Katze?"))
    assert "der Text scheint auf Deutsch zu sein" in caught.value.message
    assert "nur Englisch." in caught.value.message
    assert f"`orchestrion models search {TYPE}`" in caught.value.message
    assert caught.value.reason == "NO_EXPERT"
    assert (caught.value.metadata["language"], caught.value.metadata["expert_languages"]) == ("de", "en")
    with pytest.raises(FailedPreconditionError, match=r"^Task 'a': .*seems to be in German.* know only English"):
        selector.assign(task)
    with pytest.raises(FailedPreconditionError, match="know only English, not French"):
        selector.assign(Task("a", TYPE, {"language": "fr"}))


async def test_the_cure_for_a_language_is_an_expert_that_has_it(registry: Registry, selector: Selector) -> None:
    absent = tuple(
        AbsentExpert(f"of-{tag}", (TYPE,), languages=(tag,), command=f"orchestrion models pull of-{tag}")
        for tag in ("en", "cmn")
    )
    registry.report(report("hosts/a", expert("english", languages=("en",)), absent=absent), None)
    with pytest.raises(FailedPreconditionError, match="orchestrion models pull of-cmn") as caught:
        selector.assign(Task("a", TYPE, {"text": "这家餐厅的服务太差了"}))
    assert caught.value.metadata["command"] == "orchestrion models pull of-cmn"


async def test_another_expert_is_assigned_where_a_text_turns_out_to_be_in_another_language(
    registry: Registry, selector: Selector
) -> None:
    english, german = (expert(f"of-{tag}", languages=(tag,)) for tag in ("en", "de"))
    registry.report(report("hosts/a", replace(english, default_for=(TYPE,)), german), None)
    task = Task("a", TYPE, {"text": OutputRef("b", "text")})
    assignment = selector.assign(task)
    assert assignment.expert_id == "of-en"
    german_text = replace(task, inputs={"text": "Die Katze ist auf dem Dach, und sie war vorher nicht da."})
    other = await selector.reassign(german_text, assignment)
    assert other.expert_id == "of-de"
    assert other.reason.endswith("of-en lacks the language that the text turned out to be in.")
    english_text = replace(task, inputs={"text": "The cat is on the roof, and it was not there before."})
    assert await selector.reassign(english_text, assignment) is assignment


@pytest.mark.parametrize(
    ("text", "request_text", "tag"),
    [
        ("Guten Morgen", "Lies das bitte vor", "de"),
        ("Hallo Welt", 'lies mir "Hallo Welt" vor', "de"),
        ("Hola", "Lee esto en voz alta, por favor", "es"),
        ("Bonjour", "Read this aloud to me, please", "fr"),
        ("Hello", "Read this aloud to me, please", "en"),
        ("Das Wort 你好 heißt Hallo", "", "de"),
        ("今天天气很好", "", "cmn"),
        ("Dobrý deň, ako sa máte?", "", ""),
        ("Hola", "", ""),
        ("42", "", ""),
    ],
)
async def test_the_language_of_a_text_is_told_as_the_expert_has_it(
    registry: Registry, selector: Selector, text: str, request_text: str, tag: str
) -> None:
    registry.report(report("hosts/a", expert("speaker", languages=("en", "de", "fr", "es", "cmn"))), None)
    context = SelectionContext(request=request_text)
    assert (
        await selector.text_language(Task("a", TYPE, {"text": text}), ("hosts/a", "speaker"), "language", context)
        == tag
    )


async def test_files_that_are_not_there_are_told_with_the_command_that_fetches_them(
    registry: Registry, selector: Selector
) -> None:
    registry.report(report("hosts/a", statuses=(status(state=ExpertState.TO_BE_FETCHED),)), None)
    assert not registry.task_types()
    with pytest.raises(FailedPreconditionError, match="orchestrion models pull ocr") as caught:
        selector.assign(TASK)
    assert caught.value.reason == "EXPERT_NOT_FETCHED"


async def test_the_values_that_an_expert_takes_decide(registry: Registry, selector: Selector) -> None:
    enlarger = expert("enlarger", accepts=(AcceptedValues("operation", ("upscale",)),), download_count=10**6)
    blurrer = expert("blurrer", accepts=(AcceptedValues("operation", ("blur", "sharpen")),))
    registry.report(report("hosts/a", enlarger, blurrer), None)
    assert selector.assign(Task("a", TYPE, {"operation": "upscale"})).expert_id == "enlarger"
    assert selector.assign(Task("a", TYPE, {"operation": "blur"})).expert_id == "blurrer"
    with pytest.raises(FailedPreconditionError, match="with operation 'redraw'") as caught:
        selector.assign(Task("a", TYPE, {"operation": "redraw"}))
    assert (caught.value.reason, caught.value.field) == ("NO_EXPERT", "inputs.operation")


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, ["general", "sentiment", "languages"]),
        ({"domain": "sentiment"}, ["sentiment", "general"]),
        ({"domain": "language"}, ["languages", "general"]),
        ({"domain": "medicine"}, ["general"]),
    ],
)
async def test_the_domain_that_a_task_names_decides_even_over_what_is_loaded(
    registry: Registry, selector: Selector, inputs: dict[str, Value], expected: list[str]
) -> None:
    experts = (expert("general"), expert("sentiment", domain="sentiment"), expert("languages", domain="language"))
    # The expert that should win is the only one that is not loaded.
    statuses = tuple(
        status(item.id, ExpertState.LOADABLE if item.id == expected[0] else ExpertState.LOADED) for item in experts
    )
    registry.report(report("hosts/a", *experts, statuses=statuses), None)
    assignment = selector.assign(Task("a", TYPE, inputs))
    assert assignment.expert_id == expected[0]
    assert {candidate.expert_id for candidate in assignment.candidates} == set(expected)


async def test_without_an_expert_for_the_domain_the_error_names_it(registry: Registry, selector: Selector) -> None:
    registry.report(report("hosts/a", expert("faces", domain="faces")), None)
    with pytest.raises(FailedPreconditionError, match=f"expert for {TYPE} of the domain 'cars'") as caught:
        selector.assign(Task("a", TYPE, {"domain": "cars"}))
    assert caught.value.reason == "NO_EXPERT"
    assert caught.value.metadata["domain"] == "cars"


async def test_without_a_host_the_cure_is_to_start_one(selector: Selector) -> None:
    with pytest.raises(FailedPreconditionError, match="start one with `orchestrion up`") as caught:
        selector.assign(TASK)
    assert caught.value.reason == "NO_EXPERT"
    assert caught.value.metadata == {"task_id": "read", "task_type": TYPE}


async def test_without_an_expert_the_cure_is_to_look(registry: Registry, selector: Selector) -> None:
    unavailable = status(state=ExpertState.UNAVAILABLE)
    registry.report(report("hosts/a", statuses=(unavailable,)), None)
    for task in (TASK, Task("a", "text-to-video")):
        with pytest.raises(FailedPreconditionError, match="see `orchestrion experts`") as caught:
            selector.assign(task)
        assert caught.value.reason == "NO_EXPERT"


async def test_what_is_too_large_is_told_with_its_figures(registry: Registry, selector: Selector) -> None:
    small, large = expert("small", memory_bytes=10 * GIB), expert("large", memory_bytes=20 * GIB)
    registry.report(report("hosts/a", small, large, devices=(device(8 * GIB), device(9 * GIB))), None)
    with pytest.raises(FailedPreconditionError) as caught:
        selector.assign(TASK)
    assert caught.value.reason == "EXPERT_TOO_LARGE"
    assert caught.value.metadata == {
        "task_id": "read",
        "task_type": TYPE,
        "needed_bytes": str(10 * GIB),
        "total_bytes": str(9 * GIB),
    }


async def test_what_fits_is_taken_beside_what_is_too_large(registry: Registry, selector: Selector) -> None:
    registry.report(report("hosts/a", expert("large", memory_bytes=20 * GIB), expert("small")), None)
    assert [candidate.expert_id for candidate in selector.assign(TASK).candidates] == ["small"]


async def test_hosts_that_take_no_work_are_passed_over(registry: Registry, selector: Selector) -> None:
    registry.report(report("hosts/a"), "stream")
    registry.report(report("hosts/b", draining=True), None)
    assert place(selector.assign(TASK)) == ("hosts/a", "ocr")
    registry.disconnect("hosts/a", "stream")
    with pytest.raises(FailedPreconditionError, match="no listed host has a working expert"):
        selector.assign(TASK)
