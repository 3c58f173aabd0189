"""How far a run had come when its controller stopped: what its log says is done is not done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from orchestrion.events import AttemptFailed, Event, Payload, PlanFinished, RunFinished, TaskFinished, TaskStarted
from orchestrion.plans import Plan, Task, TaskResult
from orchestrion.snapshots import RunSnapshot, apply
from orchestrion_controller.plans.graph import dependencies


@dataclass(frozen=True, slots=True)
class RunProgress:
    """What an earlier process journalled of a run."""

    planned: PlanFinished | None = None
    """The plan, where it was whole."""
    drafted: Mapping[str, Task] = field(default_factory=dict)
    """The tasks by id, also those of a plan that was still being written."""
    approved: Plan | None = None
    """The plan to carry out, where it was approved."""
    results: Mapping[str, TaskResult] = field(default_factory=dict)
    """What became of the tasks that have ended, by id."""
    hosts: frozenset[str] = frozenset()
    """The hosts that its tasks were given to, `hosts/{host}`."""
    answered: bool = False
    """Whether the answer is whole."""

    def kept(self, plan: Plan) -> Mapping[str, TaskResult]:
        """Returns the results that hold for a plan: of tasks that are the same in it, as are all that they refer to."""
        kept: dict[str, TaskResult] = {}
        waiting = [task for task in plan.tasks if self.drafted.get(task.id) == task and task.id in self.results]
        while ready := [task for task in waiting if all(other in kept for other in dependencies(task))]:
            kept.update({task.id: self.results[task.id] for task in ready})
            waiting = [task for task in waiting if task.id not in kept]
        return kept


NOTHING = RunProgress()
"""The progress of a run that begins."""


def progress_of(log: Sequence[Event]) -> RunProgress:
    """Reads from a run's numbered events how far it came."""
    run = reduce(apply, log, RunSnapshot())
    plans = [event.payload for event in log if isinstance(event.payload, PlanFinished)]
    return RunProgress(
        planned=plans[-1] if plans and run.plan is not None else None,
        drafted={task.id: task.task for task in run.tasks.values() if task.task is not None},
        approved=run.plan if run.approval is not None and run.approval.approved else None,
        results={result.task_id: result for result in run.results},
        hosts=frozenset(task.host for task in run.tasks.values() if task.host),
        answered=run.answered,
    )


def open_attempts(log: Sequence[Event]) -> Sequence[TaskStarted]:
    """Returns the attempts that were under way: begun, and neither they nor their tasks have ended."""
    under_way: dict[tuple[str, int | None], TaskStarted] = {}
    for event in log:
        match event.payload:
            case TaskStarted() as start:
                under_way[start.task_id, start.item] = start
            case AttemptFailed() as failed:
                under_way.pop((failed.task_id, failed.item), None)
            case TaskFinished(result):
                under_way = {key: start for key, start in under_way.items() if key[0] != result.task_id}
    return list(under_way.values())


def end_of(log: Sequence[Event]) -> RunFinished | None:
    """Returns the last event of a run that has ended; None where it has not."""
    last: Payload | None = log[-1].payload if log else None
    return last if isinstance(last, RunFinished) else None
