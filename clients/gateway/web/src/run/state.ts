import type {
  Assignment,
  Message,
  NotDone,
  Plan,
  Problem,
  Question,
  RunEvent,
  Stage,
  Task,
  TaskResult,
} from "../api/messages";

/** Where a task is; from `succeeded` on nothing more happens in it. */
export type TaskPhase = "planned" | "assigned" | "running" | "succeeded" | "failed" | "skipped" | "cancelled";

export type RunPhase = "starting" | "running" | "awaiting" | "succeeded" | "failed" | "cancelled";

/** The key of what concerns a task as a whole, beside those of its items, which count from 0. */
export const WHOLE = -1;

export interface TaskView {
  readonly id: string;
  /** Undefined where the task is spoken of before it is planned. */
  readonly task?: Task;
  readonly phase: TaskPhase;
  readonly assignment?: Assignment;
  /** Where it runs or is to run, and by what: by the assignment, then by the newest attempt. */
  readonly host: string;
  readonly expertId: string;
  readonly attempt: number;
  readonly failures: readonly NonNullable<RunEvent["attemptFailed"]>[];
  readonly itemCount: number;
  readonly fractions: Readonly<Record<number, number>>;
  readonly message: string;
  /** What it has written, by item and output. */
  readonly texts: Readonly<Record<string, string>>;
  /** The newest first look at an output of each item, as the address of its data. */
  readonly previews: Readonly<Record<number, { mediaType: string; address: string }>>;
  readonly startTime?: number;
  readonly durationMs?: number;
  readonly result?: TaskResult;
}

export interface StageView {
  readonly performer: string;
  readonly durationMs?: number;
  readonly outcome?: string;
}

export interface RunView {
  readonly name: string;
  readonly phase: RunPhase;
  readonly lastSequence: number;
  readonly messages: readonly Message[];
  readonly previousRun: string;
  readonly startTime?: number;
  readonly durationMs?: number;
  readonly stages: Readonly<Partial<Record<Stage, StageView>>>;
  /** The tasks in the order of the plan; while it is written, in the order of their coming. */
  readonly tasks: readonly TaskView[];
  readonly revoked: ReadonlySet<string>;
  readonly plan?: Plan;
  readonly rejections: readonly Problem[];
  readonly confidence?: number;
  readonly doubts: readonly string[];
  readonly notDone: readonly NotDone[];
  readonly questions: readonly Question[];
  readonly approval?: { readonly plan: Plan; readonly deadlineTime?: string; readonly approved: boolean; readonly edited: boolean };
  readonly answer: string;
  readonly answered: boolean;
  readonly answerArtifacts: readonly string[];
  readonly error?: Problem;
}

export const NOTHING: RunView = {
  name: "",
  phase: "starting",
  lastSequence: 0,
  messages: [],
  previousRun: "",
  stages: {},
  tasks: [],
  revoked: new Set(),
  rejections: [],
  doubts: [],
  notDone: [],
  questions: [],
  answer: "",
  answered: false,
  answerArtifacts: [],
};

export function newTask(id: string, task?: Task): TaskView {
  return {
    id,
    ...(task ? { task } : {}),
    phase: "planned",
    host: "",
    expertId: "",
    attempt: 0,
    failures: [],
    itemCount: 0,
    fractions: {},
    message: "",
    texts: {},
    previews: {},
  };
}

export function hasEnded(phase: RunPhase | TaskPhase): boolean {
  return phase === "succeeded" || phase === "failed" || phase === "cancelled" || phase === "skipped";
}

/** Whether a run ended before any of its tasks was given to somebody, as one that is refused does. */
export function isRefused(view: RunView): boolean {
  return view.phase === "failed" && view.tasks.every((task) => task.phase === "planned");
}

/** How far a task is, 0 to 1; undefined where nobody said. */
export function fractionOf(task: TaskView): number | undefined {
  const whole = task.fractions[WHOLE];
  if (whole !== undefined) return whole;
  const parts = Object.values(task.fractions);
  if (parts.length === 0) return undefined;
  const sum = parts.reduce((total, part) => total + part, 0);
  return task.itemCount ? sum / task.itemCount : Math.max(...parts);
}

export function itemsDone(task: TaskView): number {
  if (task.phase === "succeeded") return task.itemCount;
  return Object.entries(task.fractions).filter(([item, part]) => Number(item) !== WHOLE && part >= 1).length;
}

/** How many steps of a run that has succeeded did not: the answer says which, and the run ended all the same. */
export function undoneCount(view: RunView): number {
  return view.phase === "succeeded" ? view.tasks.filter((task) => task.phase !== "succeeded").length : 0;
}
