import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { NotDone } from "../api/messages";
import { size, t } from "../language/language";
import { problemText } from "../language/reasons";
import type { RunView } from "../run/state";
import { Icon } from "./icons";
import { send } from "./turn";

/** Why a run failed, or what its plan does not do; with what can be done about it. */
export function Refusal({ view }: { view: RunView }): JSX.Element | null {
  const isWaiting = view.phase === "awaiting";
  if (view.notDone.length > 0 && (view.phase === "failed" || isWaiting)) {
    return (
      <div class="refusal" role="alert">
        <p class="refusal-title">{t("refused")}</p>
        <ul>
          {view.notDone.map((part) => (
            <li key={part.words ?? part.reason}>
              <Part part={part} view={view} />
            </li>
          ))}
        </ul>
      </div>
    );
  }
  const problem = view.error;
  // Whoever stopped a run, or was asked something, needs not be told so.
  const isOwn = problem?.reason === "CANCELLED" || view.questions.length > 0;
  if (!problem || isOwn || (view.phase !== "failed" && view.phase !== "cancelled")) return null;
  return (
    <div class="trouble" role="alert">
      <div>
        <p>{problem.reason === "CONTROLLER_RESTARTED" ? t("restarted") : problemText(problem)}</p>
        {problem.metadata?.["command"] && <Command command={problem.metadata["command"]} />}
      </div>
    </div>
  );
}

function Part({ part, view }: { part: NotDone; view: RunView }): JSX.Element {
  return (
    <>
      <p>
        {part.words && <q class="words">{part.words}</q>} {part.reason}
      </p>
      {part.nearestRequest && (
        <div class="cure">
          <p>{t("nearest")}</p>
          <Choice request={part.nearestRequest} text={part.nearestRequest} view={view} />
        </div>
      )}
      {part.command && (
        <div class="cure">
          <p>
            {t("cure")} {part.downloadBytes && t("cureSize", { size: size(Number(part.downloadBytes)) })}
          </p>
          <Command command={part.command} />
        </div>
      )}
    </>
  );
}

/** What the planner asks instead of guessing. */
export function Questions({ view }: { view: RunView }): JSX.Element | null {
  if (view.questions.length === 0) return null;
  return (
    <>
      {view.questions.map((question) => (
        <div key={question.text} class="question" role="group" aria-label={question.text}>
          <p>{question.text}</p>
          <div class="row">
            {(question.choices ?? []).map((choice) => (
              <Choice key={choice.text} text={choice.text} request={choice.request} view={view} />
            ))}
          </div>
        </div>
      ))}
    </>
  );
}

function Choice({ text, request, view }: { text: string; request: string; view: RunView }): JSX.Element {
  const artifacts = view.messages.flatMap((message) => message.artifacts ?? []);
  return (
    <button type="button" class="choice" title={request} onClick={() => void send(request, artifacts)}>
      {text}
    </button>
  );
}

export function Command({ command }: { command: string }): JSX.Element {
  const isCopied = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard?.writeText(command);
    isCopied.value = Boolean(navigator.clipboard);
  };
  return (
    <div class="command">
      <code>{command}</code>
      <button type="button" class="quiet" onClick={() => void copy()}>
        {isCopied.value && <Icon name="check" size={16} />}
        {t(isCopied.value ? "copied" : "copy")}
      </button>
    </div>
  );
}
