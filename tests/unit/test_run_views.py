"""All views of a run are of one fold: on every prefix of a log they agree, whatever comes twice or is unknown."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrion.events import Event, PlanRejected
from orchestrion.snapshots import RunSnapshot, apply, of_run
from tests.generated_logs import logs
from tests.run_views import check_views, is_familiar

THOROUGH = settings(max_examples=200)


def folded(log: list[Event], run: RunSnapshot | None = None) -> RunSnapshot:
    return reduce(apply, log, run or RunSnapshot())


@settings(max_examples=60)
@given(logs())
def test_on_every_prefix_all_views_agree(log: list[Event]) -> None:
    check_views(log)


@THOROUGH
@given(logs(), st.data())
def test_what_comes_again_after_a_broken_connection_counts_once(log: list[Event], data: st.DataObject) -> None:
    """Given a stream that breaks and goes on with events that came before, the run is the same."""
    broken = data.draw(st.integers(1, len(log)))
    again = data.draw(st.integers(0, broken))
    repeated = [event for event in log[again:broken] if event.sequence]
    assert folded([*log[:broken], *repeated, *log[broken:]]) == folded(log)
    kept = [event for event in log if event.sequence]
    assert folded(kept, folded(log)) == folded(log)


@THOROUGH
@given(logs())
def test_payloads_of_a_newer_server_change_nothing(log: list[Event]) -> None:
    familiar = [event for event in log if is_familiar(event)]
    assert replace(folded(familiar), last_sequence=0) == replace(folded(log), last_sequence=0)


@THOROUGH
@given(logs(), st.data())
def test_an_older_snapshot_stays_what_it_was(log: list[Event], data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(log)))
    before = folded(log[:length])
    folded(log[length:], before)
    assert before == folded(log[:length])


@THOROUGH
@given(logs(), st.data())
def test_who_gets_a_run_in_its_middle_and_watches_the_rest_has_the_same_run(
    log: list[Event], data: st.DataObject
) -> None:
    """Given a plan that was not repaired: late words of a revoked task are known as such by the whole log alone."""
    if any(isinstance(event.payload, PlanRejected) for event in log):
        return
    length = data.draw(st.integers(1, len(log)))
    so_far = of_run(folded(log[:length]).as_run())
    rest = [event for event in log[length:] if not event.sequence or event.sequence > so_far.last_sequence]
    assert folded(rest, so_far).as_run() == folded(log).as_run()
