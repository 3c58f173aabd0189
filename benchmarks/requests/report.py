"""What is printed of judgements, and the JSON report of them."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from benchmarks.requests import plans
from benchmarks.requests.asking import AskedRequest, Outcome
from benchmarks.requests.judging import Judgement, Verdict, judge

_LANGUAGES: Final = ("en", "zh", "de", "fr", "es", "ja")
"""Languages that have a row of their own; all others share one."""
_LIBRARIES: Final = ("starter", "catalogue")
_WIDTH: Final = 260
"""How many characters of a planner's message are shown."""

_Count = Callable[[Sequence[Judgement]], int]


def _of(verdict: Verdict) -> _Count:
    return lambda judgements: sum(item.verdict is verdict for item in judgements)


def _good(judgements: Sequence[Judgement]) -> int:
    return sum(item.is_good for item in judgements)


def _named(judgements: Sequence[Judgement]) -> int:
    return sum(_is_named(item) for item in judgements)


def _sharply(judgements: Sequence[Judgement]) -> int:
    return sum(_is_named(item) and item.naming is not None and item.naming.sharply for item in judgements)


_PLANNABLE_COLUMNS: Final[dict[str, _Count]] = {
    "right": _good,
    "wrong": _of(Verdict.WRONG),
    "refused": _of(Verdict.REFUSED),
    "error": _of(Verdict.ERROR),
}
_BEYOND_COLUMNS: Final[dict[str, _Count]] = {
    "rightly": _good,
    "named": _named,
    "sharply": _sharply,
    "partly": _of(Verdict.PARTLY),
    "planned": _of(Verdict.PLANNED),
    "error": _of(Verdict.ERROR),
}


def lines(judgements: Sequence[Judgement]) -> Iterator[str]:
    """Yields the tables: what can be planned by library and language, what is beyond every task type, and the sums."""
    plannable = [item for item in judgements if not item.request.beyond]
    beyond = [item for item in judgements if item.request.beyond]
    if plannable:
        yield _head("", _PLANNABLE_COLUMNS)
        for library in _LIBRARIES:
            yield from _rows(
                library, [item for item in plannable if item.request.library == library], _PLANNABLE_COLUMNS
            )
        yield _row("plannable", plannable, _PLANNABLE_COLUMNS)
        kinds = Counter(item.difference.kind for item in plannable if item.difference)
        yield "  wrong: " + (", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "none")
    if beyond:
        yield ""
        yield _head("", _BEYOND_COLUMNS)
        yield from _rows("beyond", beyond, _BEYOND_COLUMNS)
        for kind in sorted({item.request.kind for item in beyond}):
            yield _row(f"  ({kind})", [item for item in beyond if item.request.kind == kind], _BEYOND_COLUMNS)
    yield ""
    yield _head("", {"good": _good})
    yield from _rows("total", judgements, {"good": _good})


def shown(judgements: Sequence[Judgement], verdicts: Collection[str]) -> Iterator[str]:
    """Yields the requests with these verdicts (`all` for every one), and what became of each."""
    for item in judgements:
        if item.verdict in verdicts or "all" in verdicts:
            files = f"  [{', '.join(item.request.files)}]" if item.request.files else ""
            yield f"{item.request.id} {item.verdict}: {item.request.text}{files}"
            yield f"      {_detail(item)}"


def to_json(judgements: Sequence[Judgement]) -> list[dict[str, Any]]:
    """Returns the report: what became of each request, and why."""
    return [
        {
            "id": item.request.id,
            "request": item.request.text,
            "verdict": str(item.verdict),
            "named": item.naming is not None and item.naming.named,
            "detail": _detail(item),
            "outcome": {
                "milliseconds": round(item.outcome.milliseconds, 1),
                "plan": plans.to_json(item.outcome.steps),
                "doubts": list(item.outcome.doubts),
                "message": item.outcome.message,
                "reason": item.outcome.reason,
                "not_done": list(item.outcome.not_done),
            },
        }
        for item in judgements
    ]


def judged_again(
    report: Sequence[dict[str, Any]], requests: Sequence[AskedRequest], *, runs_partial: bool = False
) -> Sequence[Judgement]:
    """Judges what a report recorded by what is right now; requests that are not among those are passed over."""
    by_id = {(request.id, request.text): request for request in requests}
    judgements = []
    for item in report:
        if request := by_id.get((item["id"], item["request"])):
            recorded = item["outcome"]
            steps = plans.from_json(recorded["plan"])
            doubts, message, reason = tuple(recorded["doubts"]), recorded["message"], recorded["reason"]
            not_done = tuple(recorded.get("not_done", ()))
            outcome = Outcome(recorded["milliseconds"], steps, doubts, message, reason, not_done)
            judgements.append(judge(request, outcome, runs_partial=runs_partial))
    return judgements


def _rows(name: str, judgements: Sequence[Judgement], columns: dict[str, _Count]) -> Iterator[str]:
    if judgements:
        yield _row(name, judgements, columns)
    for language in (*_LANGUAGES, "other"):
        if part := [item for item in judgements if _group(item.request) == language]:
            yield _row(f"  {language}", part, columns)


def _head(name: str, columns: dict[str, _Count]) -> str:
    return f"{name:14}{'n':>5}" + "".join(f"{column:>9}" for column in columns) + f"{'%':>6}{'median':>11}"


def _row(name: str, judgements: Sequence[Judgement], columns: dict[str, _Count]) -> str:
    counts = "".join(f"{count(judgements):9}" for count in columns.values())
    share = 100 * _good(judgements) / len(judgements)
    median = statistics.median(item.outcome.milliseconds for item in judgements)
    return f"{name:14}{len(judgements):5}{counts}{share:6.0f}{median:8.0f} ms"


def _group(request: AskedRequest) -> str:
    return request.language if request.language in _LANGUAGES else "other"


def _is_named(item: Judgement) -> bool:
    return item.verdict in (Verdict.REFUSED_RIGHTLY, Verdict.PARTLY) and item.naming is not None and item.naming.named


def _detail(item: Judgement) -> str:
    if item.difference:
        return f"{item.difference.kind}: {item.difference.detail}"
    if item.outcome.steps:
        left_out = f"; not done: {', '.join(item.outcome.not_done)}" if item.outcome.not_done else ""
        return "; ".join(step.type for step in item.outcome.steps) + left_out
    named = " (named)" if _is_named(item) else ""
    return f"{item.outcome.reason}{named}: {item.outcome.message[:_WIDTH]}"
