import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { addModel, searchHub } from "../api/calls";
import type { HubModel } from "../api/messages";
import { messageOf } from "../conversation/draft";
import { pullOf } from "../conversation/pulls";
import { number, t } from "../language/language";

/** Models on the Hub of the task type that is chosen; searched when that is asked for, since it leaves the machine. */
export function Hub({ host, type, words, onChange }: { host: string; type: string; words: string; onChange: () => void }): JSX.Element {
  const matches = useSignal<readonly HubModel[] | undefined>(undefined);
  const trouble = useSignal("");
  const isBusy = useSignal(false);
  const leaving = useSignal(new AbortController());
  useEffect(() => {
    matches.value = undefined;
    trouble.value = "";
    return () => {
      leaving.value.abort();
      leaving.value = new AbortController();
    };
  }, [host, type]);
  const search = async (): Promise<void> => {
    const { signal } = leaving.value;
    isBusy.value = true;
    trouble.value = "";
    try {
      matches.value = await searchHub(host, type, words, signal);
    } catch (error) {
      if (!signal.aborted) trouble.value = messageOf(error);
    }
    isBusy.value = false;
  };
  return (
    <section class="hub" aria-label={t("hub")}>
      <h2>{t("hub")}</h2>
      {type ? (
        <button type="button" aria-disabled={isBusy.value} onClick={() => void (isBusy.value || search())}>
          {isBusy.value ? "…" : t("searchHub")}
        </button>
      ) : (
        <p class="hint">{t("hubText")}</p>
      )}
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
      {matches.value?.length === 0 && <p class="hint">{t("noModels")}</p>}
      {matches.value && matches.value.length > 0 && <HubModels models={matches.value} host={host} onChange={onChange} />}
      <AddByName key={host} host={host} onChange={onChange} />
    </section>
  );
}

function HubModels({ models, host, onChange }: { models: readonly HubModel[]; host: string; onChange: () => void }): JSX.Element {
  return (
    <ul class="models">
      {models.map((model) => (
        <li key={model.id} class="model">
          <div class="model-words">
            <h3>{model.id}</h3>
            <p class="hint">
              {[t("hubDownloads", { count: number(Number(model.downloadCount ?? 0)) }), model.license, !model.safeWeights && t("unsafe")]
                .filter(Boolean)
                .join(" · ")}
            </p>
          </div>
          {model.safeWeights && (
            <div class="model-actions">
              <HubModelAdding model={model.id} host={host} onChange={onChange} />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

interface Adding {
  readonly isBusy: boolean;
  /** The expert that it became. */
  readonly added: string;
  readonly trouble: string;
}

const NOT_YET: Adding = { isBusy: false, added: "", trouble: "" };

/** Adds a model and begins to pull its files, which goes on in its row. */
function useAdding(host: string, onChange: () => void): { state: Adding; add: (model: string) => Promise<boolean> } {
  const state = useSignal(NOT_YET);
  const add = async (model: string): Promise<boolean> => {
    if (state.value.isBusy) return false;
    state.value = { ...NOT_YET, isBusy: true };
    try {
      const { id } = await addModel(host, model);
      state.value = { ...NOT_YET, added: id };
      onChange();
      void pullOf(host, id).begin().then(onChange);
      return true;
    } catch (error) {
      state.value = { ...NOT_YET, trouble: messageOf(error) };
      return false;
    }
  };
  return { state: state.value, add };
}

function HubModelAdding({ model, host, onChange }: { model: string; host: string; onChange: () => void }): JSX.Element {
  const { state, add } = useAdding(host, onChange);
  return (
    <>
      {!state.added && (
        <button type="button" aria-label={t("addOf", { id: model })} aria-busy={state.isBusy} aria-disabled={state.isBusy} onClick={() => void add(model)}>
          {state.isBusy ? "…" : t("add")}
        </button>
      )}
      <AddingOutcome state={state} />
    </>
  );
}

function AddByName({ host, onChange }: { host: string; onChange: () => void }): JSX.Element {
  const model = useSignal("");
  const { state, add } = useAdding(host, onChange);
  const submit = async (): Promise<void> => {
    const wanted = model.value.trim();
    if (wanted && (await add(wanted))) model.value = "";
  };
  return (
    <form
      class="add-model"
      aria-label={t("addModel")}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label>
        <span>{t("addModel")}</span>
        <input type="text" value={model.value} aria-describedby="add-model-hint" onInput={(event) => (model.value = event.currentTarget.value)} />
      </label>
      <button type="submit" aria-busy={state.isBusy} aria-disabled={state.isBusy}>
        {state.isBusy ? "…" : t("add")}
      </button>
      <p id="add-model-hint" class="hint">
        {t("addModelText")}
      </p>
      <AddingOutcome state={state} />
    </form>
  );
}

function AddingOutcome({ state: { added, trouble } }: { state: Adding }): JSX.Element {
  return (
    <>
      <p class="hint" role="status">
        {added && t("added", { id: added })}
      </p>
      {trouble && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
    </>
  );
}
