import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { changeExpert, type ExpertAction } from "../api/calls";
import type { ExpertState, ExpertStatus, ListedModel, ModelProgress } from "../api/messages";
import { messageOf } from "../conversation/draft";
import { pullOf } from "../conversation/pulls";
import { size, t, taskTitle } from "../language/language";
import type { Key } from "../language/en";

interface Row {
  readonly model: ListedModel;
  /** What the host reports of it; undefined for what it does not offer. */
  readonly status: ExpertStatus | undefined;
  readonly host: string;
  readonly onChange: () => void;
}

export function ModelRow({ model, status, host, onChange }: Row): JSX.Element {
  const { expert, problem } = model;
  const state = status?.state ?? model.state ?? "EXPERT_STATE_UNAVAILABLE";
  const isPinned = status?.pinned ?? false;
  const busy = useSignal<ExpertAction | undefined>(undefined);
  const trouble = useSignal("");
  const pulling = pullOf(host, expert.id);
  const progress = pulling.progress.value;
  const fault = trouble.value || pulling.trouble.value;

  const change = async (action: ExpertAction): Promise<void> => {
    if (busy.value) return;
    busy.value = action;
    trouble.value = "";
    try {
      await changeExpert(host, expert.id, action);
      onChange();
    } catch (error) {
      trouble.value = messageOf(error);
    }
    busy.value = undefined;
  };
  const pull = (): void => {
    void pulling.begin().then(onChange);
  };
  return (
    <li class="model">
      <div class="model-words">
        <h2>
          {expert.id} <span class="tag" data-state={state}>{t(stateKey(state))}</span>
          {isPinned && <span class="tag">{t("pinned")}</span>}
        </h2>
        <p>{expert.description}</p>
        <p class="hint">{facts(model, status)}</p>
        {problem && <p class="attempt-failed">{problem}</p>}
        {fault && (
          <p class="attempt-failed" role="alert">
            {fault}
          </p>
        )}
        {progress && <Pulling progress={progress} id={expert.id} />}
      </div>
      <div class="model-actions">
        {progress ? (
          <Action name="cancelPull" id={expert.id} onClick={() => pulling.cancel()} />
        ) : (
          <>
            {state === "EXPERT_STATE_TO_BE_FETCHED" && <Action name="pull" id={expert.id} onClick={pull} />}
            {(state === "EXPERT_STATE_LOADABLE" || state === "EXPERT_STATE_FAILED") && (
              <Action name="load" id={expert.id} isBusy={busy.value === "load"} onClick={() => void change("load")} />
            )}
            {state === "EXPERT_STATE_LOADED" && !isPinned && (
              <Action name="unload" id={expert.id} isBusy={busy.value === "unload"} onClick={() => void change("unload")} />
            )}
            {isPinned ? (
              <Action name="unpin" id={expert.id} isBusy={busy.value === "unpin"} onClick={() => void change("unpin")} />
            ) : (
              (state === "EXPERT_STATE_LOADED" || state === "EXPERT_STATE_LOADABLE") && (
                <Action name="pin" id={expert.id} isBusy={busy.value === "pin"} onClick={() => void change("pin")} />
              )
            )}
          </>
        )}
      </div>
    </li>
  );
}

interface ActionButton {
  readonly name: "pull" | "cancelPull" | "load" | "unload" | "pin" | "unpin";
  readonly id: string;
  readonly isBusy?: boolean;
  readonly onClick: () => void;
}

function Action({ name, id, isBusy = false, onClick }: ActionButton): JSX.Element {
  return (
    <button type="button" aria-label={t("actionOf", { action: t(name), expert: id })} aria-busy={isBusy} aria-disabled={isBusy} onClick={onClick}>
      {isBusy ? "…" : t(name)}
    </button>
  );
}

function Pulling({ progress, id }: { progress: ModelProgress; id: string }): JSX.Element {
  const done = Number(progress.doneBytes ?? 0);
  const total = Number(progress.totalBytes ?? 0);
  return (
    <div class="step-progress">
      <progress aria-label={t("actionOf", { action: t("pulling"), expert: id })} {...(total > 0 ? { max: total, value: done } : {})} />
      <span>{[progress.message, total > 0 && `${size(done)} / ${size(total)}`].filter(Boolean).join(" · ")}</span>
    </div>
  );
}

function facts({ expert }: ListedModel, status: ExpertStatus | undefined): string {
  const memory = Number(status?.memoryBytes ?? 0) || Number(expert.memoryBytes ?? 0);
  const download = Number(expert.downloadBytes ?? 0);
  return [
    (expert.taskTypes ?? []).map(taskTitle).join(", "),
    shortList(expert.languages ?? []),
    expert.license,
    expert.runtime,
    memory > 0 && t("takes", { size: size(memory) }),
    download > 0 && t("downloads", { size: size(download) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

const SHOWN = 12;

function shortList(words: readonly string[]): string {
  const more = words.length - SHOWN;
  return more > 0 ? `${words.slice(0, SHOWN).join(" ")} + ${more}` : words.join(" ");
}

function stateKey(state: ExpertState): Key {
  return `expert_${state.replace("EXPERT_STATE_", "")}` as Key;
}
