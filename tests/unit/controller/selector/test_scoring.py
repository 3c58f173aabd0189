"""The score as a function: each term alone, their sum, and what outweighs what."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.experts import AcceptedValues, ExpertState, ExpertStatus, InputLimit
from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_controller.dispatch import NO_CONTEXT, InputSize, SelectionContext
from orchestrion_controller.registry.replicas import HostSummary, Replica
from orchestrion_controller.selector import scoring
from orchestrion_controller.selector.requirements import TaskRequirements
from orchestrion_controller.selector.terms import TERMS
from orchestrion_controller.selector.timing import LOAD_BYTES_PER_S, LOAD_S, InFlightLoad, Observed
from tests.unit.controller.replicas import GIB, TYPE, device, expert, replica

GERMAN = "Der Vertrag ist von den Parteien nicht unterschrieben worden, und er gilt auch nicht."
ENGLISH = "The contract was not signed by the parties, and it is not in force."
SERVABLE = [
    ExpertState.LOADED,
    ExpertState.LOADING,
    ExpertState.LOADABLE,
    ExpertState.TO_BE_FETCHED,
    ExpertState.FAILED,
]


def requirements(context: SelectionContext = NO_CONTEXT, /, **inputs: Value) -> TaskRequirements:
    return TaskRequirements(Task("a", TYPE, inputs), context)


def features(one: Replica, of: TaskRequirements | None = None, **others: Any) -> dict[str, float]:
    return scoring.features(of or requirements(), one, **others)


def score(one: Replica, of: TaskRequirements | None = None, **others: Any) -> float:
    return sum(features(one, of, **others).values())


# What may be given a task at all.


@pytest.mark.parametrize("state", ExpertState, ids=lambda state: state.name)
def test_what_can_be_had_is_servable(state: ExpertState) -> None:
    assert scoring.servable(replica(state, fetches=True)) is (state in SERVABLE)


def test_what_is_to_be_fetched_is_servable_where_the_host_fetches_by_itself() -> None:
    assert scoring.servable(replica(ExpertState.TO_BE_FETCHED, fetches=True))
    assert not scoring.servable(replica(ExpertState.TO_BE_FETCHED, fetches=False))


def test_what_is_too_large_for_every_device_is_not_servable() -> None:
    devices = (device(2 * GIB, 2 * GIB, "cuda:0"), device(4 * GIB, 0, "cuda:1"))
    assert scoring.servable(replica(what=expert(memory_bytes=4 * GIB), devices=devices))
    assert not scoring.servable(replica(what=expert(memory_bytes=4 * GIB + 1), devices=devices))
    assert not scoring.servable(replica(what=expert(memory_bytes=1), devices=()))


def test_measured_memory_goes_before_the_estimate() -> None:
    assert not scoring.servable(replica(what=expert(memory_bytes=1), memory_bytes=9 * GIB))
    assert scoring.servable(replica(what=expert(memory_bytes=9 * GIB), memory_bytes=1))


def test_an_expert_that_takes_some_values_of_an_input_fits_tasks_that_give_those() -> None:
    upscaler = replica(what=expert(accepts=(AcceptedValues("operation", ("upscale",)),)))
    assert scoring.fits(requirements(operation="upscale"), upscaler)
    assert not scoring.fits(requirements(operation="blur"), upscaler)
    assert scoring.fits(requirements(), upscaler)
    assert scoring.fits(requirements(operation=OutputRef("b", "text")), upscaler)
    assert scoring.fits(requirements(operation="blur"), replica())


@pytest.mark.parametrize(
    ("domain", "made_for", "fits", "expected"),
    [
        (None, "", True, 12.0),
        (None, "medicine", True, 0.0),
        ("medicine", "medicine", True, 12.0),
        ("medicine", "Medicine", True, 12.0),
        ("medicine", "", True, 0.0),
        ("medicine", "law", False, 0.0),
        ("", "law", True, 0.0),
        (Json("medicine"), "law", True, 0.0),
    ],
)
def test_the_domain_that_a_task_names(domain: Value | None, made_for: str, fits: bool, expected: float) -> None:
    named = requirements() if domain is None else requirements(domain=domain)
    specialist = replica(what=expert(domain=made_for))
    assert scoring.fits(named, specialist) is fits
    assert features(specialist, named)["domain"] == expected


def test_a_domain_that_the_words_speak_of_goes_before_general_use_and_a_named_one_before_words() -> None:
    medical, general = (replica(what=expert(domain=name)) for name in ("medicine", ""))
    spoken_of = requirements(SelectionContext(request="Which medicines does this letter name?"))
    assert (features(medical, spoken_of)["domain"], features(general, spoken_of)["domain"]) == (18.0, 12.0)
    named = requirements(SelectionContext(request="Which medicines?"), domain="law")
    assert not scoring.fits(named, medical)


# The terms of time.


def test_the_terms_of_time_add_up_to_the_points_of_the_whole_time() -> None:
    busy = replica(
        ExpertState.LOADABLE, what=expert(memory_bytes=3 * GIB), devices=(device(8 * GIB, GIB),), latency_ms=500.0
    )
    load_s, displace_s = LOAD_S + 3 * GIB / LOAD_BYTES_PER_S, LOAD_S + 2 * GIB / LOAD_BYTES_PER_S
    terms = features(busy, in_flight=InFlightLoad(0, 4))
    total = load_s + displace_s + 4 * 0.5 + 0.5
    assert terms["state"] == pytest.approx(-math.log2(1 + load_s / 0.1))
    assert sum(terms[name] for name in ("state", "memory", "queue", "latency")) == pytest.approx(
        -math.log2(1 + total / 0.1)
    )


def test_twice_the_time_costs_one_point_where_it_is_long() -> None:
    once, twice = (scoring.time_cost(seconds) for seconds in (100.0, 200.0))
    assert once - twice == pytest.approx(1.0, abs=0.01)
    assert scoring.time_cost(0.0) == 0.0
    assert scoring.time_cost(1e12) == -20.0


def test_the_nearer_to_being_loaded_the_better() -> None:
    scores = [score(replica(state, what=expert(memory_bytes=GIB))) for state in SERVABLE[:4]]
    assert scores == sorted(scores, reverse=True)
    assert features(replica(ExpertState.LOADED))["state"] == 0.0


def test_a_load_that_this_controller_saw_is_believed() -> None:
    loadable = replica(ExpertState.LOADABLE, what=expert(memory_bytes=GIB))
    assert features(loadable, observed=Observed(load_s=0.1))["state"] == pytest.approx(-1.0)


def test_an_expert_that_was_given_a_call_a_moment_ago_is_loading_already() -> None:
    loadable = replica(ExpertState.LOADABLE, what=expert(memory_bytes=4 * GIB))
    assert features(loadable, in_flight=InFlightLoad(1, 1))["state"] > features(loadable)["state"] + 0.8


def test_what_is_displaced_counts_only_where_something_is() -> None:
    devices = (device(8 * GIB, 1 * GIB), device(8 * GIB, 3 * GIB))
    fits, displaces = (
        features(replica(ExpertState.LOADABLE, devices=devices, memory_bytes=size)) for size in (3 * GIB, 3 * GIB + 1)
    )
    assert fits["memory"] == 0.0
    assert displaces["memory"] < -0.1
    assert features(replica(ExpertState.LOADED, devices=devices, memory_bytes=8 * GIB))["memory"] == 0.0


@pytest.mark.parametrize(
    ("batch", "queued", "running", "in_flight_count", "waits_for"),
    [
        (1, 0, 0, 0, 0.0),
        (1, 1, 0, 0, 1.0),
        (1, 2, 1, 0, 3.0),
        (1, 2, 1, 2, 3.0),  # What was given out may be what is reported already.
        (1, 0, 0, 5, 5.0),
        (8, 8, 8, 0, 2.0),  # They go in batches.
        (0, 1, 0, 0, 1.0),
    ],
)
def test_what_waits_in_front(batch: int, queued: int, running: int, in_flight_count: int, waits_for: float) -> None:
    loaded = replica(what=expert(max_batch_size=batch), queued_count=queued, running_count=running, latency_ms=200.0)
    terms = features(loaded, in_flight=InFlightLoad(in_flight_count, in_flight_count))
    assert terms["queue"] == pytest.approx(scoring.time_cost(waits_for * 0.2))


def test_calls_for_other_experts_of_the_device_are_waited_for_too() -> None:
    quiet, busy = replica(latency_ms=100.0), replica(latency_ms=100.0)
    others = ExpertStatus("other", ExpertState.LOADED, queued_count=3, running_count=1, latency_ms=1_000.0)
    host = replace(busy.host, statuses=(*busy.host.statuses, others))
    busy = replace(busy, host=host, summary=HostSummary.of(host))
    assert features(quiet)["queue"] == 0.0
    assert features(busy)["queue"] == pytest.approx(scoring.time_cost(4.0))


def test_a_call_takes_what_was_seen_else_what_the_host_measured_else_what_its_size_suggests() -> None:
    measured = replica(what=expert(memory_bytes=GIB), latency_ms=100.0)
    assert features(measured, observed=Observed(compute_s=0.7))["latency"] == pytest.approx(-3.0)
    assert features(measured)["latency"] == pytest.approx(-1.0)
    small, large = (features(replica(what=expert(memory_bytes=size * GIB)))["latency"] for size in (1, 4))
    assert large < small < 0.0
    gpu = features(replica(what=expert(memory_bytes=4 * GIB), devices=(device(name="cuda:0"),)))["latency"]
    assert gpu > large
    assert features(replica(what=expert(runtime="remote")))["latency"] == pytest.approx(scoring.time_cost(1.0))


def test_failures_cost_three_points_each_up_to_twelve() -> None:
    assert features(replica(), observed=Observed(failure_count=0.5))["failures"] == -1.5
    assert features(replica(), observed=Observed(failure_count=100.0))["failures"] == -12.0
    assert features(replica(ExpertState.FAILED))["failures"] == -3.0


# What the expert is.


def test_of_two_alike_the_smaller_is_taken() -> None:
    devices = (device(4 * GIB), device(8 * GIB))
    shares = [features(replica(memory_bytes=size * GIB, devices=devices))["thrift"] for size in (0, 2, 8)]
    assert shares == [0.0, -0.25, -1.0]


def scores_of_equivalents(slow_ms: float, fast_ms: float, **fast: Any) -> tuple[float, float]:
    """The scores of a loaded checkpoint and of its export, which would have to be loaded."""
    slow = replica(latency_ms=slow_ms, what=expert("bert", runtime="transformers"))
    export = expert("bert-onnx", **{"runtime": "onnx", **fast.pop("facts", {})})
    other = replica(**{"state": ExpertState.LOADABLE, "latency_ms": fast_ms, "what": export, **fast})
    one, two = (score(item, equivalents=[slow, other]) for item in (slow, other))
    return one, two


def test_of_one_model_on_two_runtimes_the_faster_is_taken_though_the_other_is_loaded() -> None:
    original, export = scores_of_equivalents(20.0, 12.0)
    assert export > original


def test_where_they_are_nearly_alike_the_one_that_is_loaded_stays() -> None:
    original, export = scores_of_equivalents(20.0, 19.0)
    assert original > export
    original, export = scores_of_equivalents(20.0, 19.0, state=ExpertState.LOADED)
    assert export > original


def test_what_was_never_measured_is_not_taken_for_fast() -> None:
    for devices, export_is_taken in (((device(),), True), ((device(), device(name="cuda:0")), False)):
        what = expert("bert", runtime="transformers"), expert("bert-onnx", runtime="onnx")
        both = [
            replica(ExpertState.LOADABLE, what=item, latency_ms=ms, devices=devices)
            for item, ms in zip(what, (0.0, 7.5), strict=True)
        ]
        original, export = (score(item, equivalents=both) for item in both)
        # A checkpoint would run on the graphics device, where it may well be faster than its export.
        assert (export > original) is export_is_taken


@pytest.mark.parametrize(
    "other",
    [
        {"facts": {"model": "another"}},
        {"host": "hosts/two"},
        {"state": ExpertState.FAILED},
        {"facts": {"runtime": "transformers"}},
    ],
    ids=["another model", "another host", "failed", "the same runtime"],
)
def test_what_is_no_equivalent_or_cannot_be_had_takes_nothing_away(other: dict[str, Any]) -> None:
    original, export = scores_of_equivalents(20.0, 2.0, **other)
    assert original > export
    # Nor does one that was never measured and is not loaded.
    original, export = scores_of_equivalents(20.0, 0.0)
    assert original > export


def test_a_device_without_memory_is_no_fault() -> None:
    for devices in ((), (device(0, 0),)):
        placed = replica(devices=devices)
        assert scoring.servable(placed)
        assert features(placed)["thrift"] == 0.0


def test_popularity() -> None:
    def popularity(downloads: int, likes: int) -> float:
        return features(replica(what=expert(download_count=downloads, like_count=likes)))["popularity"]

    assert popularity(0, 0) == 0.0
    assert 0.0 < popularity(10, 0) < popularity(1_000, 0) < popularity(1_000, 10) < 1.0
    assert popularity(10**12, 10**12) == 1.0


@pytest.mark.parametrize(
    ("accuracy", "expected"), [(0.0, 0.0), (0.9, 0.0), (0.95, 1.0), (0.8, -1.0), (1.0, 3.0), (0.1, -2.0)]
)
def test_published_accuracy(accuracy: float, expected: float) -> None:
    assert features(replica(what=expert(accuracy=accuracy)))["accuracy"] == pytest.approx(expected)


def test_the_default_model_of_a_task_type_is_better_than_one_alike() -> None:
    assert features(replica(what=expert(default_for=(TYPE,))))["default"] == 1.0
    assert features(replica(what=expert(default_for=("translation",))))["default"] == 0.0


def test_where_the_task_leaves_an_input_open_the_expert_that_takes_all_of_its_values_is_better() -> None:
    narrow = replica(what=expert(accepts=(AcceptedValues("source_language", ("en",)),)))
    assert features(narrow)["choice"] == -1.0
    assert features(narrow, requirements(source_language="en"))["choice"] == 0.0


def test_a_source_language_left_open_is_found_from_the_text() -> None:
    of_english = replica(what=expert(accepts=(AcceptedValues("source_language", ("en",)),)))
    assert features(of_english, requirements(text=ENGLISH))["choice"] == 0.0
    assert features(of_english, requirements(text=GERMAN))["choice"] == -8.0


def test_words_that_the_description_shares_speak_for_an_expert() -> None:
    medical = replica(what=expert(description="Marks diseases, drugs and doses in English case reports."))
    report = requirements(SelectionContext(request="Find the drugs and the disease in this report, please."))
    assert features(medical, report)["words"] == 1.5
    assert features(replica(what=expert(description="Marks names in the news.")), report)["words"] == 0.0
    everything = requirements(text="diseases drugs doses case reports marks")
    assert features(medical, everything)["words"] == 2.0


@pytest.mark.parametrize(
    ("language", "listed", "expected"),
    [
        ("de", ("en", "de"), 1.5),
        ("de-AT", ("de",), 2.0),
        ("DE", ("de-CH",), 2.0),
        ("fr", ("en", "de"), -8.0),
        ("de", (), 0.0),
        ("", ("",), 0.0),
        (3.0, ("de",), 0.0),
        (Json("de"), ("de",), 0.0),
    ],
)
def test_the_language_that_a_task_names(language: Value, listed: tuple[str, ...], expected: float) -> None:
    speaker = replica(what=expert(languages=listed))
    assert features(speaker, requirements(language=language))["language"] == expected
    assert features(speaker, requirements(spoken_language=language))["language"] == expected
    assert features(speaker)["language"] == 0.0


def test_the_language_that_a_text_seems_to_be_in_counts_where_none_is_named() -> None:
    german, english = (replica(what=expert(languages=(tag,))) for tag in ("de", "en"))
    assert features(german, requirements(text="Das war nix"))["language"] == 2.0
    assert features(english, requirements(text="Das war nix"))["language"] == -8.0
    assert features(english, requirements(text=GERMAN, language="en"))["language"] == 2.0
    assert features(english, requirements(text="Pfusch!"))["language"] == 0.0


@pytest.mark.parametrize(
    ("text", "listed", "is_candidate"),
    [
        (ENGLISH, ("en",), True),
        (ENGLISH, ("de", "fr"), False),
        (GERMAN, ("en",), False),
        (GERMAN, ("en", "de-AT"), True),
        (GERMAN, (), True),
        ("这家餐厅的服务太差了", ("en",), False),
        ("这家餐厅的服务太差了", ("cmn",), True),
        ("猫", ("en",), False),
        ("Pfusch!", ("en",), True),
        ("Hello!", ("de",), True),
        ("12 + 30 = 42", ("de",), True),
        ("", ("de",), True),
    ],
)
def test_an_expert_without_the_language_of_a_text_is_no_candidate_where_that_is_certain(
    text: str, listed: tuple[str, ...], is_candidate: bool
) -> None:
    assert scoring.fits(requirements(text=text), replica(what=expert(languages=listed))) is is_candidate


def test_each_input_with_a_text_counts() -> None:
    english, both = (replica(what=expert(languages=tags)) for tags in (("en",), ("en", "de")))
    pair = requirements(text=ENGLISH, other=GERMAN)
    assert not scoring.fits(pair, english)
    assert scoring.fits(pair, both)


def test_the_language_that_a_task_names_counts_instead_of_that_of_its_text() -> None:
    english = replica(what=expert(languages=("en",)))
    assert scoring.fits(requirements(text=GERMAN, language="en"), english)
    assert not scoring.fits(requirements(text=ENGLISH, language="de"), english)
    assert not scoring.fits(requirements(spoken_language="de"), english)


def test_a_translator_has_to_take_the_language_of_the_text() -> None:
    from_french = replica(what=expert(languages=("fr", "en"), accepts=(AcceptedValues("source_language", ("fr",)),)))
    assert not scoring.fits(requirements(text=GERMAN, language="en"), from_french)
    assert scoring.fits(requirements(text=GERMAN, language="en", source_language="fr"), from_french)


def test_a_file_counts_by_how_it_begins() -> None:
    english = replica(what=expert(languages=("en",)))
    file = ArtifactRef("artifacts/letter")
    assert scoring.fits(requirements(text=file), english)
    assert not scoring.fits(requirements(SelectionContext(texts={file.name: GERMAN}), text=file), english)


@pytest.mark.parametrize(
    ("characters", "expected"), [(1_000, 0.0), (1_001, -12.0), (4_000, -14.0), (10**9, -16.0), (0, 0.0)]
)
def test_a_text_that_is_too_long(characters: int, expected: float) -> None:
    limited = replica(what=expert(input_limits=(InputLimit("text", max_character_count=1_000),)))
    assert features(limited, requirements(text="x" * min(characters, 10**6)))["size"] == pytest.approx(
        expected, abs=0.01
    )
    assert features(limited, requirements(other="x" * 2_000))["size"] == 0.0


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        (InputLimit("audio", max_duration_ms=30_000), InputSize(duration_ms=60_000)),
        (InputLimit("audio", max_size_bytes=1_000), InputSize(size_bytes=2_000)),
        (InputLimit("audio", max_character_count=9, max_size_bytes=1_000), InputSize(size_bytes=2_000)),
    ],
)
def test_a_file_that_is_too_large(limit: InputLimit, size: InputSize) -> None:
    limited = replica(what=expert(input_limits=(limit,)))
    context = SelectionContext(files={"artifacts/long": size})
    for value in (ArtifactRef("artifacts/long"), (ArtifactRef("artifacts/other"), ArtifactRef("artifacts/long"))):
        assert features(limited, requirements(context, audio=value))["size"] == -13.0
    assert features(limited, requirements(context, audio=ArtifactRef("artifacts/other")))["size"] == 0.0


@pytest.mark.parametrize(
    ("license_id", "expected"),
    [
        ("Apache-2.0", 0.0),
        ("MIT", 0.0),
        ("GPL-3.0-or-later", -0.5),
        ("LicenseRef-CreativeML-OpenRAIL-M", -0.5),
        ("", -0.5),
        ("CC-BY-NC-4.0", -2.0),
        ("Apache-2.0 AND CC-BY-NC-SA-4.0", -2.0),
    ],
)
def test_a_licence_that_asks_little_is_better(license_id: str, expected: float) -> None:
    assert features(replica(what=expert(license=license_id)))["license"] == expected


def test_licences_that_are_not_allowed_are_left_out() -> None:
    allowed = requirements(SelectionContext(licenses=("MIT", "BSD-*")))
    for license_id, fits in [("MIT", True), ("bsd-3-clause", True), ("Apache-2.0", False), ("", False)]:
        assert scoring.fits(allowed, replica(what=expert(license=license_id))) is fits


# What outweighs what.


def test_a_loaded_expert_of_another_domain_waits_for_one_that_has_to_be_loaded() -> None:
    loaded = replica(what=expert(domain="law", download_count=10**8))
    general = replica(ExpertState.LOADABLE, what=expert(memory_bytes=7 * GIB), devices=(device(8 * GIB, 0),))
    assert score(general) > score(loaded)


def test_a_most_popular_expert_is_worth_waiting_twice_as_long_for_and_no_longer() -> None:
    popular = expert(download_count=10**8, like_count=10**5)
    alike = {ms: replica(what=expert(), latency_ms=ms) for ms in (1_000.0, 1_800.0, 2_400.0)}
    assert score(replica(what=popular, latency_ms=1_800.0)) > score(alike[1_000.0])
    assert score(replica(what=popular, latency_ms=2_400.0)) < score(alike[1_000.0])


REPLICAS = st.builds(
    lambda state, batch, count, queued, latency_ms, needed, license_id, accuracy: replica(
        state,
        what=expert(
            download_count=count,
            like_count=count,
            max_batch_size=batch,
            memory_bytes=needed,
            license=license_id,
            accuracy=accuracy,
            description="Reads letters of doctors.",
            languages=("de",),
            accepts=(AcceptedValues("source_language", ("fr",)), AcceptedValues("operation", ("blur",))),
            input_limits=(InputLimit("text", max_character_count=3),),
        ),
        queued_count=queued,
        latency_ms=latency_ms,
    ),
    st.sampled_from(SERVABLE),
    st.integers(0, 100),
    st.integers(0, 10**15),
    st.integers(0, 10**6),
    st.floats(0, 1e12),
    st.integers(0, 8 * GIB),
    st.sampled_from(["", "MIT", "CC-BY-NC-4.0", "GPL-3.0"]),
    st.floats(0, 1),
)
# A pace is a ratio of times, and never 0 or less.
OBSERVED = st.builds(Observed, st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1e9), st.floats(1e-6, 1e6))


@given(REPLICAS, st.integers(0, 10**6), OBSERVED, st.text())
def test_every_term_is_documented_and_stays_in_its_range(
    one: Replica, in_flight_count: int, observed: Observed, text: str
) -> None:
    terms = features(
        one, requirements(text=text), in_flight=InFlightLoad(in_flight_count, 2 * in_flight_count), observed=observed
    )
    assert list(terms) == [term.name for term in TERMS]
    for term in TERMS:
        assert term.least - 1e-9 <= terms[term.name] <= term.most + 1e-9, term.name
    assert sum(terms[name] for name in ("state", "memory", "queue", "latency")) >= -20.0 - 1e-9
