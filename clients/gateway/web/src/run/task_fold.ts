import type { RunEvent, TaskResult } from "../api/messages";
import { hasEnded, newTask, WHOLE, type TaskPhase, type TaskView } from "./state";

const ENDED: Record<TaskResult["state"], TaskPhase> = {
  TASK_STATE_SUCCEEDED: "succeeded",
  TASK_STATE_FAILED: "failed",
  TASK_STATE_SKIPPED: "skipped",
  TASK_STATE_CANCELLED: "cancelled",
};

/** The id of the task that an event is about; undefined for events about the run. */
export function taskOf(event: RunEvent): string | undefined {
  return (
    event.taskAssigned?.assignment.taskId ??
    event.taskFinished?.result.taskId ??
    (event.taskStarted ?? event.taskProgress ?? event.taskText ?? event.taskPreview ?? event.attemptFailed)?.taskId
  );
}

/** Returns a task after an event about it. */
export function applyToTask(task: TaskView, event: RunEvent): TaskView {
  if (event.taskText) {
    const { item = WHOLE, output, text } = event.taskText;
    const key = textKey(item, output);
    return { ...task, texts: { ...task.texts, [key]: (task.texts[key] ?? "") + text } };
  }
  if (event.taskProgress) return hasEnded(task.phase) ? task : progressed(task, event.taskProgress);
  if (event.taskPreview) {
    const { item = WHOLE, mediaType, content } = event.taskPreview;
    const preview = { mediaType, address: `data:${mediaType};base64,${content}` };
    return { ...task, previews: { ...task.previews, [item]: preview } };
  }
  if (event.taskAssigned) {
    const { assignment } = event.taskAssigned;
    if (task.phase !== "planned" && task.phase !== "assigned") return { ...task, assignment };
    return { ...task, phase: "assigned", assignment, host: assignment.host, expertId: assignment.expertId };
  }
  if (event.taskStarted) return started(task, event.taskStarted, event.time);
  if (event.attemptFailed) return { ...task, failures: [...task.failures, event.attemptFailed] };
  if (event.taskFinished) {
    const { result, durationMs = 0 } = event.taskFinished;
    return { ...task, phase: ENDED[result.state] ?? "failed", result, durationMs, message: "" };
  }
  return task;
}

/** Returns a task as it was when it had been planned and assigned: what has happened since is void. */
export function anew(task: TaskView): TaskView {
  const fresh = newTask(task.id, task.task);
  const { assignment } = task;
  if (!assignment) return fresh;
  return { ...fresh, phase: "assigned", assignment, host: assignment.host, expertId: assignment.expertId };
}

export function textKey(item: number, output: string): string {
  return `${item} ${output}`;
}

function started(task: TaskView, start: NonNullable<RunEvent["taskStarted"]>, time?: string): TaskView {
  // One that has ended had the outputs of a task that was revoked, and starts anew.
  const before = hasEnded(task.phase) ? anew(task) : task;
  const item = start.item ?? WHOLE;
  const beginning = before.startTime ?? (time ? Date.parse(time) : undefined);
  return {
    ...before,
    phase: "running",
    host: start.host,
    expertId: start.expertId,
    attempt: Math.max(before.attempt, start.attempt ?? 1),
    itemCount: start.itemCount ?? 0,
    // What an attempt that failed had done counts no more.
    fractions: without(before.fractions, (key) => key === String(item)),
    previews: without(before.previews, (key) => key === String(item)),
    texts: without(before.texts, (key) => key.startsWith(`${item} `)),
    message: item === WHOLE ? "" : before.message,
    ...(beginning === undefined ? {} : { startTime: beginning }),
  };
}

function progressed(task: TaskView, progress: NonNullable<RunEvent["taskProgress"]>): TaskView {
  const { item = WHOLE, fraction, message = "" } = progress;
  const share = fraction === undefined ? undefined : Math.min(Math.max(fraction, 0), 1);
  return {
    ...task,
    fractions: share === undefined ? task.fractions : { ...task.fractions, [item]: share },
    // What single items do goes by too fast to be read.
    message: item === WHOLE ? message : task.message,
  };
}

function without<T>(values: Readonly<Record<string, T>>, isLeftOut: (key: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !isLeftOut(key)));
}
