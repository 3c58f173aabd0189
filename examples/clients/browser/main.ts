// Runs the request of the form, lists its events as they come, and plays or shows the files that the answer names.

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { ArtifactService } from "./generated/orchestrion/v1/artifact_service_pb";
import type { AnswerFinished, Event } from "./generated/orchestrion/v1/events_pb";
import { RunService } from "./generated/orchestrion/v1/run_service_pb";
import { RunState } from "./generated/orchestrion/v1/runs_pb";

// Where Envoy listens, with `deploy/envoy.yaml`; the page's address may name another place: `?proxy=http://127.0.0.1:8081`.
const proxy = new URLSearchParams(location.search).get("proxy") ?? "http://127.0.0.1:8080";
const transport = createGrpcWebTransport({ baseUrl: proxy });
const runs = createClient(RunService, transport);
const artifacts = createClient(ArtifactService, transport);

const form = document.querySelector("form")!;
const stop = form.elements.namedItem("stop") as HTMLButtonElement;
const list = document.querySelector("ol")!;
const status = document.querySelector<HTMLElement>("[role=status]")!;

function details({ payload }: Event): string {
  switch (payload.case) {
    case "taskPlanned":
      return `${payload.value.task?.id}: ${payload.value.task?.type}`;
    case "taskAssigned":
      return `${payload.value.assignment?.taskId} to ${payload.value.assignment?.expertId}`;
    case "taskStarted":
      return `${payload.value.taskId} on ${payload.value.host}`;
    case "taskFinished":
      return `${payload.value.result?.taskId} in ${Math.round(payload.value.durationMs)} ms`;
    case "answerText":
      return payload.value.text;
    case "runFinished":
      return RunState[payload.value.state];
    default:
      return "";
  }
}

async function show(name: string): Promise<void> {
  const chunks: BlobPart[] = [];
  let type = "", file = name;
  for await (const { part } of artifacts.download({ name })) {
    if (part.case === "artifact") [type, file] = [part.value.mediaType, part.value.fileName];
    if (part.case === "chunk") chunks.push(part.value as Uint8Array<ArrayBuffer>);
  }
  const url = URL.createObjectURL(new Blob(chunks, { type }));
  const [kind] = type.split("/");
  const player = kind === "audio" || kind === "video" ? document.createElement(kind) : new Image();
  if (player instanceof HTMLMediaElement) player.controls = true;
  status.after(Object.assign(player, { src: url, title: file }));
}

async function run(text: string): Promise<void> {
  let name = "", answer: AnswerFinished | undefined;
  stop.onclick = () => void runs.cancelRun({ name });
  for await (const event of runs.run({ messages: [{ text }] })) {
    name = event.run;
    stop.disabled = false;
    list.append(Object.assign(document.createElement("li"), { textContent: `${event.payload.case} ${details(event)}` }));
    if (event.payload.case === "answerFinished") answer = event.payload.value;
  }
  status.textContent = answer?.text ?? "";
  for (const artifact of answer?.artifacts ?? []) await show(artifact);
}

form.onsubmit = async (submission) => {
  submission.preventDefault();
  list.replaceChildren();
  status.textContent = "";
  try {
    await run(String(new FormData(form).get("request")));
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    status.textContent = `${Code[code]}: ${rawMessage}`;
  }
  stop.disabled = true;
};
