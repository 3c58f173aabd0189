"""The report of an evaluation as JSON: settings, measures with intervals, cost, failures, and every sample."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from orchestrion.values import JsonObject
from orchestrion_evaluation.measures import Estimate, bootstrap, quantile
from orchestrion_evaluation.outcomes import Outcome
from orchestrion_evaluation.samples import Sample, Structure
from orchestrion_evaluation.scores import SampleScores, score
from orchestrion_evaluation.views import measures

VERSION: Final = 1
"""Of the report's form."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What planning took."""

    latency_median_ms: float
    latency_p95_ms: float
    """What 95 % of the requests did not exceed."""
    planning_median_ms: float
    """The stage alone, as the controller measures it."""
    planning_p95_ms: float
    llm_calls: float
    """Of a request, on average; tokens too."""
    prompt_tokens: float
    completion_tokens: float


@dataclass(frozen=True, slots=True)
class Failures:
    """How many requests have no plan, and why."""

    planned: int
    """Requests with a plan of at least one task."""
    declined: int
    """Requests of which the planner says that they need no tool."""
    invalid: int
    """Requests whose last plan broke the rules."""
    repaired: int
    """Requests with an invalid plan that the planner mended when it was told."""
    passing: int
    """Requests that failed for a reason that may pass; the next start plans them again."""
    reasons: Mapping[str, int]
    """All requests that failed, by reason."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of an evaluation."""

    samples: Sequence[Sample]
    outcomes: Sequence[Outcome]
    scores: Sequence[SampleScores]
    estimates: Mapping[str, Estimate]
    """Measures by name; see `views.measures`."""
    cost: Cost
    failures: Failures

    @property
    def performers(self) -> str:
        """Which planners planned, as the controller calls them."""
        return ", ".join(sorted({outcome.performer for outcome in self.outcomes} - {""}))

    def count(self, structure: Structure) -> int:
        """Returns how many samples have this structure."""
        return sum(sample.structure is structure for sample in self.samples)


def evaluate(samples: Sequence[Sample], outcomes: Sequence[Outcome], *, resamples: int, seed: int) -> Evaluation:
    """Scores outcomes, in the order of their samples, one at least; no plan scores as an empty one."""
    scores = [score(outcome.graph, sample.gold) for sample, outcome in zip(samples, outcomes, strict=True)]
    values = measures(scores, [sample.structure for sample in samples])
    estimates = bootstrap(values, resamples=resamples, seed=seed)
    return Evaluation(samples, outcomes, scores, estimates, _cost(outcomes), _failures(outcomes))


def to_json(evaluation: Evaluation, settings: JsonObject) -> dict[str, object]:
    """Builds the report; measures are from 0 to 1, times in milliseconds."""
    return {
        "version": VERSION,
        "settings": dict(settings),
        "performer": evaluation.performers,
        "counts": {"samples": len(evaluation.samples)} | {it.value: evaluation.count(it) for it in Structure},
        "measures": {name: asdict(estimate) for name, estimate in evaluation.estimates.items()},
        "cost": asdict(evaluation.cost),
        "failures": asdict(evaluation.failures)
        | {"invalid_rate": evaluation.failures.invalid / len(evaluation.samples)},
        "samples": [
            {
                "id": sample.id,
                "structure": sample.structure.value,
                "request": sample.request,
                "gold": Outcome(sample.gold).to_json()["graph"],
                "outcome": outcome.to_json(),
                "scores": asdict(scores),
            }
            for sample, outcome, scores in zip(evaluation.samples, evaluation.outcomes, evaluation.scores, strict=True)
        ],
    }


def write(report: JsonObject, path: Path) -> None:
    """Writes the report, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
    beside.replace(path)


def _cost(outcomes: Sequence[Outcome]) -> Cost:
    latency = sorted(outcome.latency_ms for outcome in outcomes)
    planning = sorted(outcome.planning_ms for outcome in outcomes)
    count = len(outcomes)
    return Cost(
        quantile(latency, 0.5),
        quantile(latency, 0.95),
        quantile(planning, 0.5),
        quantile(planning, 0.95),
        sum(outcome.llm_call_count for outcome in outcomes) / count,
        sum(outcome.prompt_token_count for outcome in outcomes) / count,
        sum(outcome.completion_token_count for outcome in outcomes) / count,
    )


def _failures(outcomes: Sequence[Outcome]) -> Failures:
    return Failures(
        planned=sum(bool(outcome.graph.tools) for outcome in outcomes),
        declined=sum(outcome.declined for outcome in outcomes),
        invalid=sum(outcome.invalid for outcome in outcomes),
        repaired=sum(bool(outcome.rejected_count) and not outcome.invalid for outcome in outcomes),
        passing=sum(outcome.passing for outcome in outcomes),
        reasons=dict(Counter(outcome.reason for outcome in outcomes if outcome.reason).most_common()),
    )
