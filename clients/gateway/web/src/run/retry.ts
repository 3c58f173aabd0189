import type { Assignment, Candidate, Plan } from "../api/messages";
import type { RunView, TaskView } from "./state";

export interface Retry {
  readonly text: string;
  readonly artifacts: readonly string[];
  readonly plan: Plan;
  readonly assignments: Assignment[];
}

/** The same request and the same plan, one task of it by another expert. */
export function retryWith({ host, expertId }: Candidate, task: TaskView, view: RunView): Retry {
  return {
    text: view.messages.at(-1)?.text ?? "",
    artifacts: view.messages.flatMap((message) => message.artifacts ?? []),
    plan: view.plan ?? {},
    assignments: [{ taskId: task.id, host, expertId }],
  };
}
