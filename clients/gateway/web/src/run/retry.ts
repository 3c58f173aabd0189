import type { Assignment, Candidate, Plan, TaskResult } from "../api/messages";
import { dependents } from "./fold";
import type { RunView, TaskView } from "./state";

export interface Retry {
  readonly text: string;
  readonly artifacts: readonly string[];
  readonly plan: Plan;
  readonly assignments: Assignment[];
  readonly results: TaskResult[];
}

/** The same plan, one task of it by another expert; what does not depend on that task is not done again. */
export function retryWith(candidate: Candidate, task: TaskView, view: RunView): Retry {
  const anew = dependents(view.tasks, task.id).add(task.id);
  return {
    text: view.messages.at(-1)?.text ?? "",
    artifacts: view.messages.flatMap((message) => message.artifacts ?? []),
    plan: view.plan ?? {},
    assignments: [{ taskId: task.id, host: candidate.host, expertId: candidate.expertId }],
    results: view.tasks.flatMap(({ id, result }) => (result?.state === "TASK_STATE_SUCCEEDED" && !anew.has(id) ? [result] : [])),
  };
}
