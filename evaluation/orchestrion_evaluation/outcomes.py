"""What became of one request of an evaluation: its plan, or why there is none, and what planning it took."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Final

from orchestrion.errors import (
    DeadlineExceededError,
    OrchestrionError,
    Reason,
    ResourceExhaustedError,
    UnavailableError,
)
from orchestrion.events import Stage
from orchestrion.snapshots import RunSnapshot, StageSnapshot
from orchestrion.values import JsonObject
from orchestrion_evaluation.graphs import Argument, ToolGraph

INVALID: Final = frozenset(
    reason.name
    for reason in (
        Reason.PLAN_NOT_REPAIRED,
        Reason.PLAN_INVALID,
        Reason.UNKNOWN_TASK_TYPE,
        Reason.DUPLICATE_TASK_ID,
        Reason.UNKNOWN_INPUT,
        Reason.MISSING_INPUT,
        Reason.ILL_TYPED_INPUT,
        Reason.UNKNOWN_REFERENCE,
        Reason.PLAN_CYCLE,
    )
)
"""Reasons that say that the planner wrote a plan which breaks the rules."""

_PASSING: Final = (UnavailableError, ResourceExhaustedError, DeadlineExceededError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request."""

    graph: ToolGraph = field(default_factory=ToolGraph)
    """The plan as tools; empty where there is none."""
    plan: JsonObject | None = None
    """The plan as proto3 JSON; None where planning failed."""
    reason: str = ""
    """Why planning failed, a name of `orchestrion.errors.Reason`; empty where it did not."""
    message: str = ""
    """What the planner said of it."""
    passing: bool = False
    """Whether the same request may succeed later: a language model that is busy or away, a time limit."""
    performer: str = ""
    """Which planner it was, as the controller calls it."""
    latency_ms: float = 0.0
    """From the call to its end, as the client sees it."""
    planning_ms: float = 0.0
    """What the controller says the stage took."""
    llm_call_count: int = 0
    prompt_token_count: int = 0
    completion_token_count: int = 0
    rejected_count: int = 0
    """How many invalid plans the planner had to repair."""

    @property
    def invalid(self) -> bool:
        """Whether the last plan that the planner wrote was invalid."""
        return self.reason in INVALID

    @property
    def declined(self) -> bool:
        """Whether the planner says that the request needs no tool."""
        return not self.reason and not self.graph.tools

    @classmethod
    def of(cls, run: RunSnapshot) -> Outcome:
        """Returns what the events of a planning say of how it went: by whom, how long, at what cost."""
        stage = run.stages.get(Stage.PLAN, StageSnapshot())
        return cls(
            performer=stage.performer,
            planning_ms=stage.duration_ms,
            llm_call_count=stage.llm_call_count,
            prompt_token_count=stage.prompt_token_count,
            completion_token_count=stage.completion_token_count,
            rejected_count=len(run.rejections),
        )

    def to_json(self) -> dict[str, object]:
        """Returns it as JSON data."""
        data = asdict(self)
        graph = self.graph
        edges, arguments = sorted(map(list, graph.edges)), sorted(map(list, graph.arguments))
        return data | {"graph": {"tools": list(graph.tools), "edges": edges, "arguments": arguments}}

    @classmethod
    def from_json(cls, data: JsonObject) -> Outcome:
        """Reads what `to_json` returned.

        Raises:
            KeyError, TypeError, ValueError: It did not return this.
        """
        graph = data["graph"]
        edges = frozenset((source, target) for source, target in graph["edges"])
        arguments = frozenset(Argument(*item) for item in graph["arguments"])
        return cls(**{**data, "graph": ToolGraph(tuple(graph["tools"]), edges, arguments)})


def is_passing(error: OrchestrionError) -> bool:
    """Whether the same request may succeed later."""
    return isinstance(error, _PASSING)
