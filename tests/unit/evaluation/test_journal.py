"""The journal survives whatever ends an evaluation, and is no other evaluation's."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion_evaluation.graphs import Argument, ToolGraph
from orchestrion_evaluation.journal import OutcomeJournal, key_of
from orchestrion_evaluation.outcomes import Outcome

PLANNED = Outcome(
    ToolGraph(("a", "b"), frozenset({("a", "b")}), frozenset({Argument("b", "text", "a")})),
    plan={"tasks": [{"id": "1", "type": "a"}]},
    latency_ms=1.5,
)
FAILED = Outcome(reason="REQUEST_BEYOND_PLANNER", message="That is beyond it.")
BUSY = Outcome(reason="LLM_UNAVAILABLE", passing=True)
KEY = key_of(["samples", "tools", "llm"])


def test_what_was_done_is_there_after_a_second_start_but_for_what_may_pass(tmp_path: Path) -> None:
    path = tmp_path / "report.journal.jsonl"
    with OutcomeJournal(path, KEY) as journal:
        for number, outcome in enumerate((PLANNED, FAILED, BUSY)):
            journal.add(number, outcome)
        assert journal.done == {0: PLANNED, 1: FAILED, 2: BUSY}
    with OutcomeJournal(path, KEY) as journal:
        assert journal.done == {0: PLANNED, 1: FAILED}
        journal.add(2, PLANNED)
    with OutcomeJournal(path, KEY) as journal:
        assert journal.done == {0: PLANNED, 1: FAILED, 2: PLANNED}


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_line_that_was_not_written_whole_is_cut_off(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal"
    with OutcomeJournal(path, KEY) as journal:
        journal.add(0, PLANNED)
        journal.add(1, PLANNED)
    path.write_bytes(path.read_bytes()[:-cut])
    with OutcomeJournal(path, KEY) as journal:
        assert journal.done == {0: PLANNED}
        journal.add(1, FAILED)
    with OutcomeJournal(path, KEY) as journal:
        assert journal.done == {0: PLANNED, 1: FAILED}


def test_a_journal_of_another_evaluation_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with OutcomeJournal(path, KEY) as journal:
        journal.add(0, PLANNED)
    before = path.read_bytes()
    with pytest.raises(InvalidArgumentError, match="--restart to drop it"):
        OutcomeJournal(path, key_of(["samples", "tools", "builtin"]))
    assert path.read_bytes() == before
    with OutcomeJournal(path, KEY, restart=True) as journal:
        assert journal.done == {}


def test_any_other_file_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text("my diary\n")
    with pytest.raises(InvalidArgumentError, match="other samples, tools or another planner"):
        OutcomeJournal(path, KEY)


def test_keys_tell_parts_apart() -> None:
    assert len({key_of(parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["ab", "c", ""])}) == 4
