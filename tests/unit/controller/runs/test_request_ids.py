"""Ids of callers: found as long as they are held, and known to be new while none was ever dropped."""

from __future__ import annotations

from orchestrion_controller.runs.request_ids import RequestIds


def test_an_id_leads_to_its_run_until_the_run_is_deleted() -> None:
    ids = RequestIds()
    ids.add("once", "runs/1")
    assert ids.find("once") == "runs/1"
    ids.forget("runs/1")
    assert ids.find("once") is None
    ids.forget("runs/1")
    assert ids.is_complete


def test_the_oldest_is_dropped_when_there_are_too_many_and_then_a_miss_means_nothing() -> None:
    ids = RequestIds(capacity=2)
    ids.add("a", "runs/1")
    ids.add("b", "runs/2")
    assert ids.is_complete
    ids.add("c", "runs/3")
    assert [ids.find(name) for name in "abc"] == [None, "runs/2", "runs/3"]
    assert not ids.is_complete
    ids.forget("runs/1")


def test_what_an_earlier_process_left_is_taken_newest_first() -> None:
    ids = RequestIds(capacity=2)
    ids.load([("c", "runs/3"), ("b", "runs/2")])
    assert ids.is_complete
    ids.load([("c", "runs/3"), ("b", "runs/2"), ("a", "runs/1")])
    assert not ids.is_complete
    ids.add("d", "runs/4")
    assert [ids.find(name) for name in "abcd"] == [None, None, "runs/3", "runs/4"]
