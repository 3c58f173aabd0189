/** The one fold of a run's events into what the page shows, as `orchestrion.snapshots` has it in Python. Pure. */

import type { Plan, RunEvent, RunState, Task } from "../api/messages";
import { parentsOf } from "./references";
import { newTask, NOTHING, type RunPhase, type RunView, type TaskView } from "./state";
import { anew, applyToTask, taskOf } from "./task_fold";

const PHASES: Record<RunState, RunPhase> = {
  RUN_STATE_RUNNING: "running",
  RUN_STATE_AWAITING_APPROVAL: "awaiting",
  RUN_STATE_SUCCEEDED: "succeeded",
  RUN_STATE_FAILED: "failed",
  RUN_STATE_CANCELLED: "cancelled",
};

/** Returns a run after its next event. A numbered one that was seen already changes nothing. */
export function apply(view: RunView, event: RunEvent): RunView {
  const sequence = Number(event.sequence ?? 0);
  if (sequence && sequence <= view.lastSequence) return view;
  const next: RunView = {
    ...view,
    name: view.name || event.run,
    phase: view.phase === "starting" ? "running" : view.phase,
    lastSequence: sequence || view.lastSequence,
  };
  const taskId = taskOf(event);
  if (taskId !== undefined) return withTaskEvent(next, taskId, event);
  return applyToRun(next, event);
}

export function fold(events: Iterable<RunEvent>, view: RunView = NOTHING): RunView {
  for (const event of events) view = apply(view, event);
  return view;
}

function applyToRun(view: RunView, event: RunEvent): RunView {
  if (event.answerText) return { ...view, answer: view.answer + event.answerText.text };
  if (event.answerFinished) {
    const { text = "", artifacts = [] } = event.answerFinished;
    return { ...view, answered: true, answer: text, answerArtifacts: artifacts };
  }
  if (event.runStarted) {
    const { messages = [], previousRun = "" } = event.runStarted;
    return { ...view, messages, previousRun, ...(event.time ? { startTime: Date.parse(event.time) } : {}) };
  }
  if (event.stageStarted && event.stage) {
    // An answer that is begun again takes the place of what there was of it.
    const answer = event.stage === "STAGE_RESPOND" ? "" : view.answer;
    return { ...view, answer, stages: { ...view.stages, [event.stage]: { performer: event.stageStarted.performer ?? "" } } };
  }
  if (event.stageFinished && event.stage) {
    const { durationMs = 0, outcome = "" } = event.stageFinished;
    const stage = { performer: view.stages[event.stage]?.performer ?? "", durationMs, outcome };
    return { ...view, stages: { ...view.stages, [event.stage]: stage } };
  }
  if (event.runFinished) {
    const { state, error, durationMs = 0 } = event.runFinished;
    const phase = PHASES[state] ?? "failed";
    return { ...view, phase, durationMs, tasks: view.tasks.map((task) => stopped(task, phase)), ...(error ? { error } : {}) };
  }
  return applyToPlan(view, event);
}

/** What had not ended when its run did was stopped by that, which nobody says of each task; nor of what was never begun. */
function stopped(task: TaskView, phase: RunPhase): TaskView {
  const isOpen = task.phase === "assigned" || task.phase === "running" || (task.phase === "planned" && phase === "cancelled");
  return isOpen ? { ...task, phase: "cancelled", message: "" } : task;
}

function applyToPlan(view: RunView, event: RunEvent): RunView {
  if (event.taskPlanned) return withTask(view, event.taskPlanned.task);
  if (event.planRejected) return { ...view, rejections: [...view.rejections, event.planRejected.error] };
  if (event.taskRevoked) return withoutTask(view, event.taskRevoked.taskId);
  if (event.planFinished) {
    const { plan = {}, confidence, doubts = [], notDone = [], questions = [] } = event.planFinished;
    const whole = withPlan(view, plan);
    return { ...whole, doubts, notDone, questions, ...(confidence === undefined ? {} : { confidence }) };
  }
  if (event.approvalAwaited) {
    const { plan = {}, deadlineTime } = event.approvalAwaited;
    const approval = { plan, approved: false, edited: false, ...(deadlineTime ? { deadlineTime } : {}) };
    return { ...view, phase: "awaiting", approval };
  }
  if (event.planApproved) {
    const edited = event.planApproved.plan;
    const approval = { plan: edited ?? view.approval?.plan ?? {}, approved: true, edited: edited !== undefined };
    const running: RunView = { ...view, phase: "running", approval };
    if (!edited) return running;
    // The tasks of the edited plan are others, also where they have the same ids; nobody says what it lacks.
    return withPlan({ ...running, tasks: [], notDone: [], questions: [] }, edited);
  }
  return view;
}

function withTaskEvent(view: RunView, taskId: string, event: RunEvent): RunView {
  // What a task was doing when it was revoked may be written down after that.
  if (view.revoked.has(taskId)) return view;
  const place = view.tasks.findIndex((task) => task.id === taskId);
  const task = applyToTask(view.tasks[place] ?? newTask(taskId), event);
  return { ...view, tasks: place < 0 ? [...view.tasks, task] : view.tasks.with(place, task) };
}

function withPlan(view: RunView, plan: Plan): RunView {
  const tasks = (plan.tasks ?? []).map((task) => planned(view, task));
  const ids = new Set(tasks.map((task) => task.id));
  return { ...view, plan, tasks, revoked: new Set([...view.revoked].filter((id) => !ids.has(id))) };
}

function withTask(view: RunView, task: Task): RunView {
  const revoked = new Set([...view.revoked].filter((id) => id !== task.id));
  const place = view.tasks.findIndex((other) => other.id === task.id);
  const taskView = planned(view, task);
  const tasks = place < 0 ? [...view.tasks, taskView] : view.tasks.with(place, taskView);
  // A plan that grows is not whole, whatever was taken for it.
  const { plan: _, ...growing } = view;
  return { ...growing, tasks, revoked };
}

function withoutTask(view: RunView, taskId: string): RunView {
  const stale = dependents(view.tasks, taskId);
  const tasks = view.tasks
    .filter((task) => task.id !== taskId)
    .map((task) => (stale.has(task.id) ? anew(task) : task));
  return { ...view, tasks, revoked: new Set([...view.revoked, taskId]) };
}

/** The tasks that wait for a task, also by way of others. */
function dependents(tasks: readonly TaskView[], taskId: string): Set<string> {
  const waiting = new Set<string>();
  const pending = [taskId];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    for (const task of tasks) {
      if (task.task && !waiting.has(task.id) && parentsOf(task.task).includes(id)) {
        waiting.add(task.id);
        pending.push(task.id);
      }
    }
  }
  return waiting;
}

function planned(view: RunView, task: Task): TaskView {
  return { ...(view.tasks.find((other) => other.id === task.id) ?? newTask(task.id)), task };
}
