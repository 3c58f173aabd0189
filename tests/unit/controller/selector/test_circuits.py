"""The circuit breaker as a function of what happened and of the clock."""

from __future__ import annotations

from orchestrion_controller.selector.circuits import FAILURES_TO_OPEN, FIRST_PAUSE_S, LONGEST_PAUSE_S, Circuit


def failed(circuit: Circuit, times: int, now_s: float) -> Circuit:
    for _ in range(times):
        circuit = circuit.after_failure(now_s)
    return circuit


def test_a_circuit_opens_at_so_many_failures_in_a_row_and_no_sooner() -> None:
    almost = failed(Circuit(), FAILURES_TO_OPEN - 1, 100.0)
    assert not almost.is_open(100.0)
    assert almost.after_failure(100.0).is_open(100.0)


def test_it_lets_one_trial_through_when_the_pause_is_over_and_holds_the_others_back_until_it_ends() -> None:
    circuit = failed(Circuit(), FAILURES_TO_OPEN, 100.0)
    half_open_s = 100.0 + FIRST_PAUSE_S
    assert circuit.is_open(half_open_s - 0.01)
    assert not circuit.is_open(half_open_s)
    trying = circuit.after_start(half_open_s)
    assert trying.is_open(half_open_s)


def test_a_trial_that_is_cancelled_blocks_the_next_for_a_pause_only() -> None:
    circuit = failed(Circuit(), FAILURES_TO_OPEN, 100.0)
    trying = circuit.after_start(100.0 + FIRST_PAUSE_S)
    assert not trying.is_open(100.0 + 2 * FIRST_PAUSE_S)


def test_a_call_that_begins_while_it_is_closed_or_open_changes_nothing() -> None:
    assert Circuit().after_start(100.0) == Circuit()
    circuit = failed(Circuit(), FAILURES_TO_OPEN, 100.0)
    assert circuit.after_start(100.5) == circuit


def test_each_failure_more_doubles_the_pause_up_to_the_longest() -> None:
    pauses = [failed(Circuit(), FAILURES_TO_OPEN + more, 0.0).open_until_s for more in range(8)]
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert failed(Circuit(), 5_000, 0.0).open_until_s == LONGEST_PAUSE_S
