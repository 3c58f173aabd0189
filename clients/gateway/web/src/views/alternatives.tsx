import type { JSX } from "preact";
import { ask } from "../conversation/conversation";
import { complain, messageOf } from "../conversation/draft";
import { shortName } from "../conversation/hosts";
import { t } from "../language/language";
import { retryWith } from "../run/retry";
import { hasEnded, type RunView, type TaskView } from "../run/state";
import type { Candidate } from "../api/messages";
import { replace } from "../route";

/** The other experts that could do a task, each a click away once the run has ended. */
export function Alternatives({ task, view }: { task: TaskView; view: RunView }): JSX.Element | null {
  const candidates = task.assignment?.candidates ?? [];
  const others = candidates.filter((other) => other.expertId !== task.expertId || other.host !== task.host);
  if (others.length === 0 || !hasEnded(view.phase) || !view.plan) return null;
  return (
    <section>
      <h3>{t("others")}</h3>
      <div class="row">
        {others.map((other) => (
          <button key={`${other.host} ${other.expertId}`} type="button" onClick={() => void use(other, task, view)}>
            {label(other, candidates)}
          </button>
        ))}
      </div>
    </section>
  );
}

function label(candidate: Candidate, candidates: readonly Candidate[]): string {
  const isAlone = candidates.every((other) => other.host === candidate.host);
  const values = { expert: candidate.expertId, host: shortName(candidate.host) };
  return isAlone ? t("useInstead", values) : t("useInsteadOn", values);
}

async function use(candidate: Candidate, task: TaskView, view: RunView): Promise<void> {
  try {
    const id = await ask(retryWith(candidate, task, view));
    replace(`#/chat/${id}`);
  } catch (error) {
    complain(messageOf(error));
  }
}
