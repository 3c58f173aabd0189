"""Whether what a planner made of a request is right."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from benchmarks.requests import fitting
from benchmarks.requests.asking import AskedRequest, Outcome
from benchmarks.requests.fitting import Difference
from benchmarks.requests.unfolding import unfolded
from benchmarks.requests.wording import Naming, naming


class Verdict(enum.StrEnum):
    """What a planner did, measured by what is right."""

    RIGHT = "right"
    """The plan is one of the acceptable ones."""
    WRONG = "wrong"
    """It planned something else, dropped or added a part, or gave an input another value."""
    REFUSED = "refused"
    """It refused what can be planned."""
    REFUSED_RIGHTLY = "refused rightly"
    """It refused what is beyond every task type."""
    PARTLY = "partly"
    """It planned the rest, and named the part that cannot be met: right for a planner whose plans run all the same."""
    PLANNED = "planned"
    """It planned as if the part that cannot be met were not there."""
    ERROR = "error"
    """There was no answer of the planner: no connection, a timeout, no language model."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A request, what a planner made of it, and whether that is right."""

    request: AskedRequest
    outcome: Outcome
    verdict: Verdict
    naming: Naming | None = None
    """How a rightful refusal, or what is said of a plan that leaves out what cannot be met, names those words."""
    difference: Difference | None = None
    """What sets a wrong plan apart from the nearest acceptable one."""

    @property
    def is_good(self) -> bool:
        """Whether the planner did all that it should."""
        return self.verdict in (Verdict.RIGHT, Verdict.REFUSED_RIGHTLY, Verdict.PARTLY)


def judge(request: AskedRequest, outcome: Outcome, *, runs_partial: bool = False) -> Judgement:
    """Judges what a planner made of a request.

    Args:
        request: The request.
        outcome: What was made of it.
        runs_partial: Whether plans of this planner run that do not do all of a request; the answer says what they leave
            out. Where one part is too many, such a plan is as good as a refusal, if it names the part.
    """
    if not outcome.is_answer:
        return Judgement(request, outcome, Verdict.ERROR)
    if not outcome.steps:
        if not request.beyond:
            return Judgement(request, outcome, Verdict.REFUSED)
        named = naming(outcome.message, request.beyond, request.text)
        return Judgement(request, outcome, Verdict.REFUSED_RIGHTLY, naming=named)
    steps = unfolded(outcome.steps)
    if fitting.is_one_of(steps, request.golds):
        if not outcome.not_done or request.beyond:
            return Judgement(request, outcome, Verdict.RIGHT)
        misleading = Difference("told as partly done", "; ".join(outcome.not_done))
        return Judgement(request, outcome, Verdict.WRONG, difference=misleading)
    if request.beyond:
        said = " ".join([*(f"`{words}`" for words in outcome.not_done), *outcome.doubts])
        warned = naming(said, request.beyond, request.text) if said else None
        is_partly = runs_partial and request.kind == "modifier" and bool(outcome.not_done)
        verdict = Verdict.PARTLY if is_partly and warned and warned.named else Verdict.PLANNED
        return Judgement(request, outcome, verdict, naming=warned)
    return Judgement(request, outcome, Verdict.WRONG, difference=fitting.nearest(steps, request.golds))
