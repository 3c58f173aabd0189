"""Judges one outcome: was the person who wrote the request served?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from orchestrion.answers import Answer
from tests.media.measures import measured
from tests.system.free_wording.cases import Case
from tests.system.free_wording.expectations import near, wrong
from tests.system.free_wording.outcome import Outcome

_TOLERANCE: Final = 0.03
"""By what share a picture's or a sound's measure may miss the number expected."""

_SILENCE: Final = 0.002
"""The loudness under which a sound counts as silent."""

Fetch = Callable[[str], tuple[str, bytes]]
"""Gets an artifact by its name: its media type and its content."""


def faults(case: Case, outcome: Outcome, fetch: Fetch, path: Callable[[str], Path]) -> list[str]:
    """Says all that is wrong with an outcome, in a few words each; nothing when the person was served."""
    if case.beyond:
        return list(_beyond(outcome))
    if outcome.answer is None:
        return [f"{outcome.error.reason}: {outcome.error.message}" if outcome.error else "no answer"]
    return [
        *_plan(case, outcome.answer),
        *_values(case, outcome),
        *_made(case, outcome.answer, fetch, path),
        *_words(case, outcome.answer),
    ]


def _beyond(outcome: Outcome) -> Iterator[str]:
    if outcome.error is None or outcome.error.reason != "REQUEST_BEYOND_PLANNER":
        yield f"not refused: {outcome.error.reason if outcome.error else ', '.join(outcome.planned) or 'an answer'}"
    elif outcome.planned:
        yield f"refused, but half planned: {', '.join(outcome.planned)}"


def _plan(case: Case, answer: Answer) -> Iterator[str]:
    planned = {task.type for task in answer.plan.tasks}
    if missing := case.tasks - planned:
        yield f"no {', '.join(sorted(missing))} (but {', '.join(sorted(planned)) or 'nothing'})"
    if unasked := planned - case.tasks - case.may:
        yield f"unasked {', '.join(sorted(unasked))}"
    for task in answer.plan.tasks:
        result = answer.result(task.id)
        if result is None or not result.succeeded:
            why = result.error.message if result and result.error else "no result"
            yield f"{task.id} failed: {why}"


def _values(case: Case, outcome: Outcome) -> Iterator[str]:
    for expectations, of_outputs in ((case.inputs, False), (case.outputs, True)):
        for name, expected in expectations.items():
            fault = wrong(
                expected,
                outcome.values(name, of_outputs=of_outputs),
                lambda other: outcome.values(other, of_outputs=True),
            )
            if fault:
                yield f"{name} {fault}"


def _made(case: Case, answer: Answer, fetch: Fetch, path: Callable[[str], Path]) -> Iterator[str]:
    files = [fetch(name) for name in answer.artifacts] if case.gives else []
    for expected in case.gives:
        differences = [
            _unlike(expected, content, path) for kind, content in files if kind.startswith(f"{expected['kind']}/")
        ]
        if all(differences):
            yield f"gives no such {expected['kind']}: {min(differences, key=len) if differences else 'there is none'}"


def _unlike(expected: Mapping[str, Any], content: bytes, path: Callable[[str], Path]) -> str:
    kind, source = expected["kind"], expected.get("of")
    if kind == "audio" and measured(kind, content)["loudness"] < _SILENCE:
        return "it is silent"
    measures = measured(kind, content, path(source).read_bytes() if source else None)
    unlike = [
        f"{name} is {measures[name]:.3g}{f' times that of {source}' if source else ''}, not {bound}"
        for name, bound in expected.items()
        if name not in {"kind", "of"} and not near(bound, measures[name], _TOLERANCE)
    ]
    return "; ".join(unlike)


def _words(case: Case, answer: Answer) -> Iterator[str]:
    text = " ".join(answer.text.split())
    for pattern in case.answer:
        if not re.search(pattern, text, re.IGNORECASE):
            yield f"the answer says nothing like /{pattern}/: {text[:160]}"
