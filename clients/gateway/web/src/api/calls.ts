import type {
  Artifact,
  Expert,
  HubModel,
  ListedModel,
  ListedTaskType,
  ModelProgress,
  Plan,
  RunEvent,
  RunRequest,
} from "./messages";
import { BASE, get, post } from "./http";
import { serverEvents } from "./streams";

export async function createRun(request: RunRequest): Promise<string> {
  return (await post<{ name: string }>("/runs", request)).name;
}

/** @param onOpen Called when the stream begins, which may be long before its first event. */
export async function* runEvents(
  run: string,
  after: number,
  signal: AbortSignal,
  onOpen: () => void,
): AsyncGenerator<RunEvent> {
  const address = `/${run}/events${after ? `?after=${after}` : ""}`;
  for await (const { data } of serverEvents(address, {}, signal, onOpen)) yield JSON.parse(data) as RunEvent;
}

export async function cancelRun(run: string): Promise<void> {
  await post(`/${run}:cancel`);
}

export async function approvePlan(run: string, plan: Plan | undefined, requestId: string): Promise<void> {
  await post(`/${run}:approve`, plan ? { plan, requestId } : { requestId });
}

export async function taskTypes(signal?: AbortSignal): Promise<ListedTaskType[]> {
  return (await get<{ taskTypes?: ListedTaskType[] }>("/task-types", signal)).taskTypes ?? [];
}

export function describeArtifact(name: string): Promise<Artifact> {
  return get<Artifact>(`/${name}`);
}

export function contentAddress(artifact: string, download = false): string {
  return `${BASE}/${artifact}/content${download ? "?download=true" : ""}`;
}

export async function models(host: string, signal?: AbortSignal): Promise<ListedModel[]> {
  return (await get<{ models?: ListedModel[] }>(`/${host}/models`, signal)).models ?? [];
}

export async function searchHub(
  host: string,
  taskType: string,
  text: string,
  signal: AbortSignal,
): Promise<HubModel[]> {
  const query = new URLSearchParams({ task_type: taskType, text });
  return (await get<{ models?: HubModel[] }>(`/${host}/models:search?${query}`, signal)).models ?? [];
}

/** Adds a model of the Hub, or a folder of the host, to the host's catalogue; its files are pulled afterwards. */
export function addModel(host: string, model: string): Promise<Expert> {
  return post<Expert>(`/${host}/models:add`, { model });
}

export type ExpertAction = "load" | "unload" | "pin" | "unpin";

export async function changeExpert(host: string, expert: string, action: ExpertAction): Promise<void> {
  await post(`/${host}/experts/${encodeURIComponent(expert)}:${action}`);
}

export async function* pullModel(host: string, expert: string, signal: AbortSignal): AsyncGenerator<ModelProgress> {
  const address = `/${host}/models/${encodeURIComponent(expert)}:pull`;
  for await (const { data } of serverEvents(address, { method: "POST" }, signal)) yield JSON.parse(data) as ModelProgress;
}
