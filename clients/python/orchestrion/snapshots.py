"""A run as its events have it so far: every view of a run is made from a `RunSnapshot`, and `apply` alone folds events.

    snapshot = RunSnapshot()
    for event in client.run("Read the text in this picture aloud.", ["sign.jpg"]):
        snapshot = apply(snapshot, event)
        print(snapshot.state.name, [task.phase.name for task in snapshot.tasks.values()])

Snapshots are immutable, so threads may share them, and an older one stays what it was.
"""

from __future__ import annotations

from orchestrion._fold.plan_events import with_plan
from orchestrion._fold.rows import of_run
from orchestrion._fold.run_events import apply
from orchestrion._fold.run_snapshots import ApprovalSnapshot, RunSnapshot, StageSnapshot
from orchestrion._fold.streamed_text import StreamedText
from orchestrion._fold.task_snapshots import TaskPhase, TaskSnapshot

__all__ = [
    "ApprovalSnapshot",
    "RunSnapshot",
    "StageSnapshot",
    "StreamedText",
    "TaskPhase",
    "TaskSnapshot",
    "apply",
    "of_run",
    "with_plan",
]
