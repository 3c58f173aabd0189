"""The candidates among which a language model chose, as facts of the catalogue describe them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.llm import libraries
from benchmarks.llm.pairs import Replay
from orchestrion.experts import Device, ExpertState, ExpertStatus, HostFacts
from orchestrion_controller.dispatch import InputSize, SelectionContext
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry, Report
from orchestrion_controller.selector.llm.prompt import ChoiceQuestion
from orchestrion_controller.selector.requirements import TaskRequirements
from orchestrion_controller.selector.selector import Selector

_CANDIDATES: Final = 5
_GB: Final = 10**9
_LEASE_MS: Final = 86_400_000
_MEMORY: Final = _GB * 4 // 10
_LATENCY_MS: Final = 1400.0


def questions(replay: Replay) -> tuple[Sequence[ChoiceQuestion], SelectionContext]:
    """Makes the questions of a plan, a task each, with the best candidates by rank. On an event loop."""
    turn = replay.turn
    tasks = turn.plan(replay.row).tasks
    experts = [libraries.expert(libraries.catalogue()[name], _MEMORY) for name in replay.row["experts"]]
    seconds = replay.row.get("seconds", 0)
    sizes = {file.name: InputSize(0, seconds * 1000, file.size_bytes) for file in turn.attached}
    context = SelectionContext(sizes, turn.said)
    registry = Registry(_LEASE_MS, ControllerMetrics())
    registry.report(
        Report(
            name="hosts/one",
            instance_id="recorded",
            facts_digest="recorded",
            facts=HostFacts("127.0.0.1:1", "recorded", 64, tuple(experts)),
            devices=(Device("cuda:0", 80 * _GB, 40 * _GB),),
            statuses=tuple(ExpertStatus(expert.id, ExpertState.LOADED, latency_ms=_LATENCY_MS) for expert in experts),
            draining=False,
            worker_restart_count=0,
        ),
        "recorded",
    )
    selector = Selector(registry, _CANDIDATES)
    questions_of_plan = [
        ChoiceQuestion(TaskRequirements(task, context), selector.shortlist(task, context)) for task in tasks
    ]
    registry.close()
    return questions_of_plan, context
