"""The tables that are printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from textwrap import shorten
from typing import Final

from benchmarks.llm.judging import Judged
from benchmarks.llm.measuring import SHORT_CONTEXT, Lengths, Room
from benchmarks.llm.pairs import STAGES

_WIDTH: Final = 400


def pairs(shown: Sequence[Judged], judged: Sequence[Judged]) -> Iterator[str]:
    """Writes what became of some conversations, and why that is wrong where it is; and of all, how many are right."""
    yield f"{'pair':>4}  {'stage':<7}{'form':<10}{'to end as':<28}{'ended as':<28}"
    for item in shown:
        replay = item.replay
        verdict = "right" if item.is_right else "WRONG"
        yield (
            f"{replay.number:>4}  {replay.stage:<7}{replay.form:<10}{replay.ending.kind:<28}{item.ended:<28}{verdict}"
        )
        for problem in item.problems:
            yield f"      {shorten(problem, _WIDTH, placeholder=' …')}"
    yield ""
    for stage in STAGES:
        part = [item for item in judged if item.replay.stage == stage]
        numbers = {item.replay.number for item in part}
        wrong = sorted({item.replay.number for item in part if not item.is_right})
        right = sum(item.is_right for item in part)
        yield (
            f"{stage:<7} {len(numbers) - len(wrong)} of {len(numbers)} pairs right, "
            f"{right} of {len(part)} replays" + (f"; wrong: {', '.join(map(str, wrong))}" if wrong else "")
        )


def strangers(judged: Sequence[Judged]) -> str:
    """Says whether words of strangers stand in system messages, or in those that a planning model takes for its own."""
    calls = sum(len(item.came.calls) for item in judged)
    count = sum(item.has_strangers_in_orders for item in judged)
    return f"words of strangers where a model takes orders: {count} of {len(judged)} conversations ({calls} prompts)"


def lengths(measured: Sequence[Lengths]) -> Iterator[str]:
    """Writes how long prompts are."""
    yield f"{'tokens (cl100k)':<34}{'n':>4}{'median':>8}{'largest':>9}{'at most':>9}{'recorded':>10}"
    for item in measured:
        most = str(item.most) if item.most else ""
        recorded = f"{median(item.recorded):.0f}" if item.recorded else ""
        verdict = "" if item.is_within else "  TOO LONG"
        yield (
            f"{item.what:<34}{len(item.counts):>4}{item.median:>8}{max(item.counts):>9}{most:>9}{recorded:>10}{verdict}"
        )


def rooms(measured: Sequence[Room]) -> Iterator[str]:
    """Writes what a short context shows."""
    yield f"first prompts in a context of {SHORT_CONTEXT} tokens that nobody counts:"
    for room in measured:
        missing = "; ".join(f"{number} lacks {', '.join(names)}" for number, names in room.missing.items())
        whole = f"not whole: {missing}" if missing else "all that the plans need are whole"
        counts = f"{min(room.shown)} to {max(room.shown)} of {room.task_type_count} task types shown"
        verdict = "" if room.is_enough else "  TOO FEW"
        yield f"  {room.library}: {counts}, at least {room.least} wanted; {whole}{verdict}"
