/** The messages of the API in their proto3 JSON: fields at their defaults are left out, 64-bit integers are texts. */

export interface OutputRef {
  taskId: string;
  output: string;
  index?: number;
}

export interface Value {
  text?: string;
  number?: number;
  boolean?: boolean;
  json?: unknown;
  artifact?: string;
  list?: { items?: Value[] };
  output?: OutputRef;
}

export type Values = Record<string, Value>;

export interface Task {
  id: string;
  type: string;
  inputs?: Values;
}

export interface Plan {
  tasks?: Task[];
  noTaskReason?: string;
}

export interface Problem {
  reason: string;
  message: string;
  metadata?: Record<string, string>;
}

export interface NotDone {
  words?: string;
  reason?: string;
  nearestRequest?: string;
  command?: string;
  downloadBytes?: string;
}

export interface Question {
  text: string;
  choices?: { text: string; request: string }[];
}

export interface Candidate {
  host: string;
  expertId: string;
  score?: number;
  /** The terms that the score is the sum of. */
  features?: Record<string, number>;
}

export interface Assignment {
  taskId: string;
  host: string;
  expertId: string;
  reason?: string;
  candidates?: Candidate[];
}

export interface TaskResult {
  taskId: string;
  state: "TASK_STATE_SUCCEEDED" | "TASK_STATE_FAILED" | "TASK_STATE_SKIPPED" | "TASK_STATE_CANCELLED";
  outputs?: Values;
  error?: Problem;
}

export interface Message {
  role?: string;
  text?: string;
  artifacts?: string[];
}

export type RunState =
  | "RUN_STATE_RUNNING"
  | "RUN_STATE_AWAITING_APPROVAL"
  | "RUN_STATE_SUCCEEDED"
  | "RUN_STATE_FAILED"
  | "RUN_STATE_CANCELLED";

export type Stage = "STAGE_PLAN" | "STAGE_SELECT" | "STAGE_EXECUTE" | "STAGE_RESPOND";

/** One thing that happened in a run; exactly one of the payloads is there. */
export interface RunEvent {
  run: string;
  sequence?: string;
  time?: string;
  stage?: Stage;
  runStarted?: { messages?: Message[]; previousRun?: string; deadlineTime?: string };
  stageStarted?: { performer?: string };
  stageFinished?: { outcome?: string; durationMs?: number; llmCallCount?: number };
  taskPlanned?: { task: Task };
  planRejected?: { error: Problem };
  taskRevoked?: { taskId: string };
  planFinished?: { plan?: Plan; confidence?: number; doubts?: string[]; notDone?: NotDone[]; questions?: Question[] };
  taskAssigned?: { assignment: Assignment };
  taskStarted?: { taskId: string; attempt?: number; host: string; expertId: string; item?: number; itemCount?: number };
  taskProgress?: { taskId: string; fraction?: number; message?: string; item?: number };
  taskText?: { taskId: string; output: string; text: string; item?: number };
  taskPreview?: { taskId: string; mediaType: string; content: string; item?: number };
  attemptFailed?: {
    taskId: string;
    attempt?: number;
    host: string;
    expertId: string;
    error?: Problem;
    retried?: boolean;
    item?: number;
  };
  taskFinished?: { result: TaskResult; durationMs?: number };
  answerText?: { text: string };
  answerFinished?: { text?: string; artifacts?: string[] };
  runFinished?: { state: RunState; error?: Problem; durationMs?: number };
  approvalAwaited?: { plan?: Plan; deadlineTime?: string };
  planApproved?: { plan?: Plan };
}

export interface RunRequest {
  messages: Message[];
  previousRun?: string;
  plan?: Plan;
  assignments?: Assignment[];
  approval?: "APPROVAL_REQUIRED";
  options: { onDetach: "ON_DETACH_CONTINUE"; requestId: string };
}

export interface Artifact {
  name: string;
  mediaType: string;
  fileName: string;
  sizeBytes?: string;
}

export interface Parameter {
  name: string;
  kind: string;
  description?: string;
  optional?: boolean;
  repeated?: boolean;
  choices?: string[];
  minimum?: number;
  maximum?: number;
}

export interface TaskType {
  name: string;
  description?: string;
  inputs?: Parameter[];
  outputs?: Parameter[];
}

export interface ListedTaskType {
  taskType: TaskType;
  state?: "TASK_TYPE_STATE_READY" | "TASK_TYPE_STATE_OBTAINABLE" | "TASK_TYPE_STATE_UNAVAILABLE";
  experts?: string[];
}

export interface Expert {
  id: string;
  model?: string;
  runtime?: string;
  taskTypes?: string[];
  description?: string;
  languages?: string[];
  domain?: string;
  license?: string;
  memoryBytes?: string;
  downloadBytes?: string;
}

export type ExpertState =
  | "EXPERT_STATE_TO_BE_FETCHED"
  | "EXPERT_STATE_LOADABLE"
  | "EXPERT_STATE_LOADING"
  | "EXPERT_STATE_LOADED"
  | "EXPERT_STATE_FAILED"
  | "EXPERT_STATE_UNAVAILABLE";

export interface ExpertStatus {
  expertId: string;
  state?: ExpertState;
  device?: string;
  memoryBytes?: string;
  queuedCount?: number;
  runningCount?: number;
  latencyMs?: number;
  reservationCount?: number;
  pinned?: boolean;
}

export interface Device {
  name: string;
  model?: string;
  totalBytes?: string;
  freeBytes?: string;
}

export interface Host {
  name: string;
  address?: string;
  state?: "HOST_STATE_READY" | "HOST_STATE_DISCONNECTED" | "HOST_STATE_DRAINING";
  devices?: Device[];
  experts?: Expert[];
  statuses?: ExpertStatus[];
  version?: string;
  workerRestartCount?: number;
  profile?: string;
}

export interface ListedModel {
  expert: Expert;
  state?: ExpertState;
  offered?: boolean;
  problem?: string;
}

export interface HubModel {
  id: string;
  downloadCount?: string;
  likeCount?: string;
  license?: string;
  safeWeights?: boolean;
}

export interface ModelProgress {
  message?: string;
  doneBytes?: string;
  totalBytes?: string;
  expert?: Expert;
}
