import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { searchHub } from "../api/calls";
import type { HubModel } from "../api/messages";
import { messageOf } from "../conversation/draft";
import { number, t } from "../language/language";
import { Command } from "./refusal";

/** Models on the Hub of the task type that is chosen; searched when that is asked for, since it leaves the machine. */
export function Hub({ host, type, words }: { host: string; type: string; words: string }): JSX.Element {
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
      {matches.value && matches.value.length > 0 && <HubModels models={matches.value} />}
    </section>
  );
}

function HubModels({ models }: { models: readonly HubModel[] }): JSX.Element {
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
            {model.safeWeights && (
              <>
                <p class="hint">{t("addCommand")}</p>
                <Command command={`orchestrion models add ${model.id}`} />
              </>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
