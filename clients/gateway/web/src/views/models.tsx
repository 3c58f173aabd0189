import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { models as ask } from "../api/calls";
import type { ExpertStatus, ListedModel } from "../api/messages";
import { messageOf } from "../conversation/draft";
import { follow, hosts, shortName } from "../conversation/hosts";
import { t, taskTitle } from "../language/language";
import { Hub } from "./hub";
import { ModelRow } from "./model_row";

export function Models(): JSX.Element {
  const chosenHost = useSignal("");
  const listed = useSignal<readonly ListedModel[] | undefined>(undefined);
  const trouble = useSignal("");
  const words = useSignal("");
  const type = useSignal("");

  useEffect(() => {
    const leaving = new AbortController();
    void follow(leaving.signal);
    return () => leaving.abort();
  }, []);

  const host = hosts.value?.find(({ name }) => name === chosenHost.value) ?? hosts.value?.[0];
  // The catalogue says what there is; the host's reports say what each does now. A change of these may change that.
  const offered = host?.experts?.length ?? 0;
  const refresh = (): void => {
    if (!host) return;
    ask(host.name).then(
      (models) => {
        listed.value = models;
        trouble.value = "";
      },
      (error: unknown) => (trouble.value = messageOf(error)),
    );
  };
  useEffect(refresh, [host?.name, offered]);

  const statuses = new Map<string, ExpertStatus>((host?.statuses ?? []).map((status) => [status.expertId, status]));
  const all = listed.value ?? [];
  const types = [...new Set(all.flatMap(({ expert }) => expert.taskTypes ?? []))].sort();
  const shown = all.filter((model) => fits(model, words.value, type.value)).sort((a, b) => rank(a, statuses) - rank(b, statuses));
  return (
    <main id="content" class="fleet" tabIndex={-1}>
      <h1>{t("models")}</h1>
      {hosts.value?.length === 0 && <p class="lead">{t("noHosts")}</p>}
      <div class="filters">
        <label>
          <span>{t("search")}</span>
          <input type="search" value={words.value} onInput={(event) => (words.value = event.currentTarget.value)} />
        </label>
        <label>
          <span>{t("taskType")}</span>
          <select value={type.value} onChange={(event) => (type.value = event.currentTarget.value)}>
            <option value="">{t("allTaskTypes")}</option>
            {types.map((name) => (
              <option key={name} value={name}>
                {taskTitle(name)}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>{t("host")}</span>
          <select value={host?.name ?? ""} onChange={(event) => (chosenHost.value = event.currentTarget.value)}>
            {hosts.value?.map(({ name }) => (
              <option key={name} value={name}>
                {shortName(name)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
      {listed.value && (
        <p class="hint" role="status">
          {shown.length > 0 ? t("modelCount", { count: shown.length }) : t("noModels")}
        </p>
      )}
      {host && shown.length > 0 && (
        <ul class="models">
          {shown.map((model) => (
            <ModelRow key={`${host.name} ${model.expert.id}`} model={model} status={statuses.get(model.expert.id)} host={host.name} onChange={refresh} />
          ))}
        </ul>
      )}
      {host && <Hub host={host.name} type={type.value} words={words.value} onChange={refresh} />}
    </main>
  );
}

function fits({ expert }: ListedModel, words: string, type: string): boolean {
  if (type && !expert.taskTypes?.includes(type)) return false;
  const content = [expert.id, expert.model, expert.description, expert.runtime, ...(expert.taskTypes ?? []), ...(expert.languages ?? [])]
    .join(" ")
    .toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => content.includes(word));
}

const RANKS = ["EXPERT_STATE_LOADED", "EXPERT_STATE_LOADING", "EXPERT_STATE_LOADABLE", "EXPERT_STATE_FAILED", "EXPERT_STATE_TO_BE_FETCHED"];

function rank({ expert, state }: ListedModel, statuses: ReadonlyMap<string, ExpertStatus>): number {
  const place = RANKS.indexOf(statuses.get(expert.id)?.state ?? state ?? "");
  return place < 0 ? RANKS.length : place;
}
