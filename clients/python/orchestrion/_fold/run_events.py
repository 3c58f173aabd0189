"""What single events change in a run: the fold itself."""

from __future__ import annotations

from dataclasses import replace

from orchestrion._fold.plan_events import apply_to_plan, with_task_event
from orchestrion._fold.run_snapshots import RunSnapshot, StageSnapshot
from orchestrion._fold.streamed_text import NO_TEXT
from orchestrion.events import (
    AnswerFinished,
    AnswerText,
    AttemptFailed,
    Event,
    RunFinished,
    RunStarted,
    Stage,
    StageFinished,
    StageStarted,
    TaskAssigned,
    TaskFinished,
    TaskPreview,
    TaskProgress,
    TaskStarted,
    TaskText,
)
from orchestrion.runs import RunState


def apply(snapshot: RunSnapshot, event: Event) -> RunSnapshot:
    """Returns a run after its next event.

    It costs what the event changes: at most one entry for each task of the plan, never the log so far.

    Args:
        snapshot: The run before; `RunSnapshot()` before the first event.
        event: What happened next. A numbered event that was seen already, as after a broken connection, changes
            nothing. One with a payload that this version does not have counts as seen, and changes nothing else.
    """
    if event.sequence and event.sequence <= snapshot.last_sequence:
        return snapshot
    if not snapshot.name:
        snapshot = replace(snapshot, name=event.run, state=snapshot.state or RunState.RUNNING)
    sequence = event.sequence or snapshot.last_sequence
    match event.payload:
        case TaskText() | TaskProgress() | TaskPreview() | TaskAssigned() | TaskStarted() as payload:
            return with_task_event(snapshot, payload, event.time, sequence)
        case AttemptFailed() | TaskFinished() as payload:
            return with_task_event(snapshot, payload, event.time, sequence)
        case AnswerText(text):
            return replace(snapshot, last_sequence=sequence, streamed_answer=snapshot.streamed_answer.plus(text))
        case _:
            # Copying a run costs more than the rest; the events above are the many, so they copy it once.
            return _apply_rare(replace(snapshot, last_sequence=sequence), event)


def _apply_rare(snapshot: RunSnapshot, event: Event) -> RunSnapshot:
    match event.payload:
        case AnswerFinished(text, artifacts):
            return replace(snapshot, answered=True, answer=text, answer_artifacts=artifacts)
        case RunStarted() as start:
            return _started(snapshot, start, event)
        case StageStarted(performer):
            stages = {**snapshot.stages, event.stage: StageSnapshot(performer, event.time)}
            # An answer that is begun again takes the place of what there was of it.
            streamed = NO_TEXT if event.stage is Stage.RESPOND else snapshot.streamed_answer
            return replace(snapshot, stages=stages, streamed_answer=streamed)
        case StageFinished() as end:
            begun = snapshot.stages.get(event.stage, StageSnapshot())
            return replace(snapshot, stages={**snapshot.stages, event.stage: _stage_ended(begun, end)})
        case RunFinished(state, error, duration_ms):
            end_time = snapshot.end_time or event.time
            return replace(snapshot, state=state, error=error, duration_ms=duration_ms, end_time=end_time)
        case _:
            return apply_to_plan(snapshot, event)


def _started(snapshot: RunSnapshot, start: RunStarted, event: Event) -> RunSnapshot:
    # A snapshot that was made from the run's row has these already, as they are listed elsewhere.
    return replace(
        snapshot,
        kind=start.kind,
        messages=start.messages,
        create_time=snapshot.create_time or event.time,
        deadline_time=snapshot.deadline_time or start.deadline_time,
        previous_run=snapshot.previous_run or start.previous_run,
    )


def _stage_ended(stage: StageSnapshot, end: StageFinished) -> StageSnapshot:
    return replace(
        stage,
        outcome=end.outcome,
        duration_ms=end.duration_ms,
        llm_call_count=end.llm_call_count,
        prompt_token_count=end.prompt_token_count,
        completion_token_count=end.completion_token_count,
        cached_token_count=end.cached_token_count,
    )
