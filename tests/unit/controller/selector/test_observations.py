"""What attempts teach, and how it fades."""

from __future__ import annotations

import pytest

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.selector.circuits import FAILURES_TO_OPEN, FIRST_PAUSE_S
from orchestrion_controller.selector.in_flight import InFlightCalls
from orchestrion_controller.selector.observations import Observations
from orchestrion_controller.selector.timing import Observed, TimeEstimate

REPLICA = ("hosts/a", "ocr")
NEIGHBOUR = ("hosts/a", "other")
ELSEWHERE = ("hosts/b", "ocr")
CRASH = Reason.WORKER_CRASHED.error("died")


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def observations(clock: Clock) -> Observations:
    return Observations(clock)


def call(wait_s: float = 0.0, compute_s: float = 0.1, load_s: float = 0.0, partial: bool = False) -> TimeEstimate:
    return TimeEstimate(load_s, 0.0, wait_s, compute_s, partial)


def test_nothing_is_known_before_the_first_call(observations: Observations) -> None:
    assert observations.of(REPLICA, 0.5) == Observed()


def test_what_calls_take_is_a_moving_average(observations: Observations) -> None:
    observations.succeeded(REPLICA, 1.0, call())
    assert observations.of(REPLICA).compute_s == pytest.approx(1.0)
    observations.succeeded(REPLICA, 2.0, call())
    assert observations.of(REPLICA).compute_s == pytest.approx(1.2)
    assert observations.of(ELSEWHERE).compute_s == 0.0


def test_waiting_is_left_out_in_the_proportion_that_was_expected(observations: Observations) -> None:
    # Three in front of it were expected: a quarter of the time was its own.
    observations.succeeded(REPLICA, 2.0, call(wait_s=0.3, compute_s=0.1))
    assert observations.of(REPLICA).compute_s == pytest.approx(0.5)


def test_the_first_call_of_an_expert_tells_how_long_its_load_took(observations: Observations) -> None:
    observations.succeeded(REPLICA, 12.0, call(wait_s=1.0, compute_s=1.0, load_s=3.0))
    assert observations.of(REPLICA) == Observed(load_s=10.0)
    # One that came while it was loading saw a part of the load, and says nothing.
    observations.succeeded(REPLICA, 2.0, call(load_s=3.0, partial=True))
    assert observations.of(REPLICA) == Observed(load_s=10.0)


def test_what_was_seen_gives_way_to_what_the_host_reports_with_time(observations: Observations, clock: Clock) -> None:
    observations.succeeded(REPLICA, 1.0, call())
    clock.now += 600
    assert observations.of(REPLICA, 0.2).compute_s == pytest.approx(0.6)
    clock.now += 60_000
    assert observations.of(REPLICA, 0.2).compute_s == pytest.approx(0.2)


def test_a_failure_counts_half_after_a_minute_and_is_forgotten_at_last(
    observations: Observations, clock: Clock
) -> None:
    observations.failed(REPLICA, CRASH)
    observations.failed(REPLICA, CRASH)
    assert observations.of(REPLICA).failure_count == 2.0
    assert observations.of(NEIGHBOUR).failure_count == observations.of(ELSEWHERE).failure_count == 0.0
    clock.now += 60
    assert observations.of(REPLICA).failure_count == pytest.approx(1.0)
    clock.now += 600
    assert observations.of(REPLICA).failure_count == 0.0


def test_a_success_halves_what_failures_count(observations: Observations) -> None:
    observations.failed(REPLICA, CRASH)
    observations.succeeded(REPLICA, 1.0, call())
    assert observations.of(REPLICA).failure_count == pytest.approx(0.5)


def test_a_host_that_is_not_reached_counts_against_all_of_its_experts_until_one_is(observations: Observations) -> None:
    observations.failed(REPLICA, Reason.HOST_UNREACHABLE.error("gone"))
    assert observations.of(REPLICA).failure_count == observations.of(NEIGHBOUR).failure_count == 1.0
    assert observations.of(ELSEWHERE).failure_count == 0.0
    observations.succeeded(NEIGHBOUR, 1.0, call())
    assert observations.of(REPLICA).failure_count == 0.0


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (CRASH, True),
        (Reason.EXPERT_FAILED.error("bug"), True),
        (Reason.EXPERT_LOAD_FAILED.error("no weights"), True),
        (Reason.OUT_OF_MEMORY.error("no room"), True),
        (Reason.INVALID_INPUT.error("no picture"), False),
        (Reason.QUEUE_FULL.error("full"), False),
        (Reason.EXPERT_NOT_LOADED.error("evicted"), False),
        (Reason.DEADLINE_EXCEEDED.error("too late"), False),
        (Reason.CANCELLED.error("cancelled"), False),
    ],
)
def test_only_what_counts_against_an_expert_counts(
    observations: Observations, error: OrchestrionError, counts: bool
) -> None:
    observations.failed(REPLICA, error)
    assert (observations.of(REPLICA).failure_count == 1.0) is counts


def test_an_assignment_counts_until_its_call_has_ended(clock: Clock) -> None:
    in_flight = InFlightCalls(clock)
    in_flight.assign(REPLICA)
    assert in_flight.of(REPLICA) == (1, 1)
    assert in_flight.of(NEIGHBOUR) == (0, 1)
    in_flight.begin(REPLICA)
    assert in_flight.of(REPLICA) == (1, 1), "the call is the one that was assigned"
    clock.now += 60
    in_flight.expire()
    assert in_flight.of(REPLICA) == (1, 1), "it goes on, however long"
    in_flight.end(REPLICA)
    assert in_flight.of(REPLICA) == in_flight.of(NEIGHBOUR) == (0, 0)


def test_an_assignment_whose_call_does_not_begin_is_no_load_for_long(clock: Clock) -> None:
    in_flight = InFlightCalls(clock)
    in_flight.assign(REPLICA)
    clock.now += 0.6
    in_flight.assign(REPLICA)
    clock.now += 0.6
    in_flight.expire()
    assert in_flight.of(REPLICA) == (1, 1), "the second is still new"
    in_flight.begin(REPLICA)
    clock.now += 0.6
    in_flight.expire()
    assert in_flight.of(REPLICA) == (1, 1), "the second began"
    in_flight.end(REPLICA)
    assert in_flight.of(REPLICA) == (0, 0)


def test_calls_without_an_assignment_count_each(clock: Clock) -> None:
    in_flight = InFlightCalls(clock)
    for _ in range(3):
        in_flight.begin(REPLICA)
    assert in_flight.of(REPLICA) == (3, 3)
    for _ in range(3):
        in_flight.end(REPLICA)
    assert in_flight.of(REPLICA) == (0, 0)


def test_others_go_first_after_failures_in_a_row_until_a_call_succeeds(
    observations: Observations, clock: Clock
) -> None:
    for _ in range(FAILURES_TO_OPEN):
        observations.failed(REPLICA, CRASH)
    assert observations.is_open(REPLICA)
    assert not observations.is_open(NEIGHBOUR)
    clock.now += FIRST_PAUSE_S
    observations.began(REPLICA)  # The trial.
    assert observations.is_open(REPLICA)
    observations.succeeded(REPLICA, 0.1, None)
    assert not observations.is_open(REPLICA)


def test_a_host_that_does_not_answer_opens_the_circuit_of_all_that_it_has(observations: Observations) -> None:
    for _ in range(FAILURES_TO_OPEN):
        observations.failed(REPLICA, Reason.HOST_UNREACHABLE.error("gone"))
    assert observations.is_open(REPLICA)
    assert observations.is_open(NEIGHBOUR)
    assert not observations.is_open(ELSEWHERE)
