from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.experts import AcceptedValues, ExpertState
from orchestrion.plans import Task
from orchestrion.values import Json, OutputRef, Value
from orchestrion_controller.registry.registry import Offer
from orchestrion_controller.selector import scoring
from tests.unit.controller.offers import GIB, TYPE, device, expert, offer

TASK = Task("a", TYPE)
SERVABLE = [
    ExpertState.LOADED,
    ExpertState.LOADING,
    ExpertState.LOADABLE,
    ExpertState.FAILED,
    ExpertState.TO_BE_FETCHED,
]


@pytest.mark.parametrize("state", ExpertState, ids=lambda state: state.name)
def test_what_can_be_had_is_servable(state: ExpertState) -> None:
    assert scoring.servable(offer(state, fetches=True)) is (state in SERVABLE)


def test_what_is_to_be_fetched_is_servable_where_the_host_fetches_by_itself() -> None:
    assert scoring.servable(offer(ExpertState.TO_BE_FETCHED, fetches=True))
    assert not scoring.servable(offer(ExpertState.TO_BE_FETCHED, fetches=False))


def test_an_expert_that_takes_some_values_of_an_input_fits_tasks_that_give_those() -> None:
    upscaler = offer(what=expert(accepts=(AcceptedValues("operation", ("upscale",)),)))
    assert scoring.accepts(Task("a", TYPE, {"operation": "upscale"}), upscaler)
    assert not scoring.accepts(Task("a", TYPE, {"operation": "blur"}), upscaler)
    assert scoring.accepts(Task("a", TYPE), upscaler)
    assert scoring.accepts(Task("a", TYPE, {"operation": OutputRef("b", "text")}), upscaler)
    assert scoring.accepts(Task("a", TYPE, {"operation": "blur"}), offer())


def test_the_default_model_of_a_task_type_is_better_than_one_alike() -> None:
    usual = scoring.features(TASK, offer(what=expert(default_for=(TYPE,))), 0)
    of_another = scoring.features(TASK, offer(what=expert(default_for=("translation",))), 0)
    assert (usual["default"], of_another["default"]) == (1.0, 0.0)


def test_where_the_task_leaves_an_input_open_the_expert_that_takes_all_of_its_values_is_better() -> None:
    narrow = offer(what=expert(accepts=(AcceptedValues("source_language", ("en",)),)))
    assert scoring.features(TASK, narrow, 0)["choice"] == -1.0
    assert scoring.features(Task("a", TYPE, {"source_language": "en"}), narrow, 0)["choice"] == 0.0


def test_of_two_alike_the_one_that_was_measured_to_be_faster_is_better() -> None:
    slow, fast = (scoring.features(TASK, offer(latency_ms=ms), 0) for ms in (20.0, 5.0))
    assert sum(fast.values()) > sum(slow.values()) + 0.1


def twins(slow_ms: float, fast_ms: float, **fast: Any) -> tuple[float, float]:
    """The scores of a loaded checkpoint and of its export, which would have to be loaded."""
    slow = offer(latency_ms=slow_ms, what=expert("bert", runtime="transformers"))
    export = expert("bert-onnx", **{"runtime": "onnx", **fast.pop("facts", {})})
    other = offer(**{"state": ExpertState.LOADABLE, "latency_ms": fast_ms, "what": export, **fast})
    one, two = (sum(scoring.features(TASK, found, 0, [slow, other]).values()) for found in (slow, other))
    return one, two


def test_of_one_model_on_two_runtimes_the_faster_is_taken_though_the_other_is_loaded() -> None:
    original, export = twins(20.0, 12.0)
    assert export > original


def test_where_they_are_nearly_alike_the_one_that_is_loaded_stays() -> None:
    original, export = twins(20.0, 19.0)
    assert original > export
    original, export = twins(20.0, 19.0, state=ExpertState.LOADED)
    assert export > original


def test_what_was_never_measured_is_not_taken_for_fast() -> None:
    for devices, export_is_taken in (((device(),), True), ((device(), device(name="cuda:0")), False)):
        what = expert("bert", runtime="transformers"), expert("bert-onnx", runtime="onnx")
        found = [
            offer(ExpertState.LOADABLE, what=item, latency_ms=ms, devices=devices)
            for item, ms in zip(what, (0.0, 7.5), strict=True)
        ]
        original, export = (sum(scoring.features(TASK, item, 0, found).values()) for item in found)
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
def test_what_is_no_twin_or_cannot_be_had_takes_nothing_away(other: dict[str, Any]) -> None:
    original, export = twins(20.0, 2.0, **other)
    assert original > export
    # Nor does one that was never measured and is not loaded.
    original, export = twins(20.0, 0.0)
    assert original > export


def test_what_is_too_large_for_every_device_is_not_servable() -> None:
    devices = (device(2 * GIB, 2 * GIB, "cuda:0"), device(4 * GIB, 0, "cuda:1"))
    assert scoring.servable(offer(what=expert(memory_bytes=4 * GIB), devices=devices))
    assert not scoring.servable(offer(what=expert(memory_bytes=4 * GIB + 1), devices=devices))
    assert not scoring.servable(offer(what=expert(memory_bytes=1), devices=()))


def test_measured_memory_goes_before_the_estimate() -> None:
    assert scoring.needed_bytes(offer(what=expert(memory_bytes=5))) == 5
    assert scoring.needed_bytes(offer(what=expert(memory_bytes=5), memory_bytes=7)) == 7
    assert not scoring.servable(offer(what=expert(memory_bytes=1), memory_bytes=9 * GIB))
    assert scoring.servable(offer(what=expert(memory_bytes=9 * GIB), memory_bytes=1))


def test_the_nearer_to_being_loaded_the_better() -> None:
    scores = [scoring.features(TASK, offer(state), 0)["state"] for state in SERVABLE]
    assert scores == [4.0, 3.0, 2.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("state", "needed", "expected"),
    [
        (ExpertState.LOADABLE, 1 * GIB, 1.0),
        (ExpertState.LOADABLE, 3 * GIB, 1.0),
        (ExpertState.LOADABLE, 3 * GIB + 1, 0.3),
        (ExpertState.LOADED, 3 * GIB + 1, 1.0),
    ],
)
def test_memory_that_is_free_is_better_than_memory_to_be_freed(
    state: ExpertState, needed: int, expected: float
) -> None:
    devices = (device(8 * GIB, 1 * GIB), device(8 * GIB, 3 * GIB))
    assert scoring.features(TASK, offer(state, devices=devices, memory_bytes=needed), 0)["memory"] == expected


@pytest.mark.parametrize(
    ("batch", "queued", "running", "assigned", "expected"),
    [
        (1, 0, 0, 0, 0.0),
        (1, 1, 0, 0, -0.25),
        (1, 2, 1, 0, -0.75),
        (1, 2, 1, 2, -0.75),  # What was assigned may be what is reported already.
        (1, 0, 0, 5, -1.25),
        (8, 7, 0, 0, 0.0),  # They go in one batch.
        (8, 8, 8, 0, -0.5),
        (0, 1, 0, 0, -0.25),
        (1, 1_000, 0, 0, -3.0),
    ],
)
def test_load(batch: int, queued: int, running: int, assigned: int, expected: float) -> None:
    found = offer(what=expert(max_batch_size=batch), queued_count=queued, running_count=running)
    assert scoring.features(TASK, found, assigned)["load"] == expected


@pytest.mark.parametrize(("latency_ms", "expected"), [(0.0, 0.0), (9.0, -0.3), (999.0, -0.9), (1e9, -2.0)])
def test_latency(latency_ms: float, expected: float) -> None:
    assert scoring.features(TASK, offer(latency_ms=latency_ms), 0)["latency"] == pytest.approx(expected)


def test_popularity() -> None:
    def popularity(downloads: int, likes: int) -> float:
        what = expert(download_count=downloads, like_count=likes)
        return scoring.features(TASK, offer(what=what), 0)["popularity"]

    assert popularity(0, 0) == 0.0
    assert 0.0 < popularity(10, 0) < popularity(1_000, 0) < popularity(1_000, 10) < 1.0
    assert popularity(10**12, 10**12) == 1.0


@pytest.mark.parametrize(
    ("asked", "listed", "expected"),
    [
        ("de", ("en", "de"), 1.0),
        ("de-AT", ("de",), 1.0),
        ("DE", ("de-CH",), 1.0),
        ("fr", ("en", "de"), -20.0),
        ("de", (), 0.0),
        ("", ("",), 0.0),
        (3.0, ("de",), 0.0),
        (Json("de"), ("de",), 0.0),
    ],
)
def test_language(asked: Value, listed: tuple[str, ...], expected: float) -> None:
    task = Task("a", TYPE, {"language": asked})
    assert scoring.features(task, offer(what=expert(languages=listed)), 0)["language"] == expected
    assert scoring.features(TASK, offer(what=expert(languages=listed)), 0)["language"] == 0.0


@pytest.mark.parametrize(
    ("asked", "made_for", "fits", "expected"),
    [
        (None, "", True, 6.0),
        (None, "medicine", True, 0.0),
        ("medicine", "medicine", True, 6.0),
        ("medicine", "Medicine", True, 6.0),
        ("medicine", "", True, 0.0),
        ("medicine", "law", False, 0.0),
        ("", "law", True, 0.0),
        (Json("medicine"), "law", True, 0.0),
    ],
)
def test_domain(asked: Value | None, made_for: str, fits: bool, expected: float) -> None:
    task = TASK if asked is None else Task("a", TYPE, {"domain": asked})
    found = offer(what=expert(domain=made_for))
    assert scoring.fits_domain(task, found) is fits
    assert scoring.features(task, found, 0)["domain"] == expected


def test_neither_popularity_nor_a_free_queue_make_up_for_a_language_that_is_lacking() -> None:
    task = Task("a", TYPE, {"language": "fr"})
    best = offer(what=expert(languages=("de",), download_count=10**12, like_count=10**12))
    worst = offer(
        ExpertState.TO_BE_FETCHED,
        what=expert(domain="law"),
        memory_bytes=8 * GIB,
        queued_count=1_000,
        latency_ms=1e9,
    )
    assert sum(scoring.features(task, best, 0).values()) < sum(scoring.features(task, worst, 0).values())


def test_of_two_equals_the_smaller_is_taken() -> None:
    devices = (device(4 * GIB), device(8 * GIB))
    shares = [
        scoring.features(TASK, offer(memory_bytes=size * GIB, devices=devices), 0)["thrift"] for size in (0, 2, 8)
    ]
    assert shares == [0.0, -0.25, -1.0]


def test_a_device_without_memory_is_no_fault() -> None:
    for devices in ((), (device(0, 0),)):
        found = offer(devices=devices)
        assert scoring.servable(found)
        assert scoring.features(TASK, found, 0)["thrift"] == 0.0


OFFERS = st.builds(
    lambda state, batch, count, queued, latency_ms, needed: offer(
        state,
        what=expert(download_count=count, like_count=count, max_batch_size=batch, memory_bytes=needed),
        queued_count=queued,
        latency_ms=latency_ms,
    ),
    st.sampled_from(SERVABLE),
    st.integers(0, 100),
    st.integers(0, 10**15),
    st.integers(0, 10**6),
    st.floats(0, 1e12),
    st.integers(0, 8 * GIB),
)


@given(OFFERS, st.integers(0, 10**6))
def test_every_feature_stays_in_its_range(found: Offer, assigned: int) -> None:
    ranges = {
        "state": (0, 4),
        "memory": (0.3, 1),
        "thrift": (-1, 0),
        "load": (-3, 0),
        "latency": (-2, 0),
        "twin": (-5, 0),
        "popularity": (0, 1),
        "default": (0, 1),
        "choice": (-1, 0),
        "language": (-20, 1),
        "domain": (0, 6),
    }
    features = scoring.features(TASK, found, assigned)
    assert features.keys() == ranges.keys()
    for name, (least, most) in ranges.items():
        assert least <= features[name] <= most
        assert f"| {name} | " in str(scoring.__doc__)
