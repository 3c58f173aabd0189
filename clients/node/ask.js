// node ask.js REQUEST [FILE…] — uploads the files, carries the request out, prints its events, saves what the answer names.

import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { connect } from "./connect.js";

const FOLDER = "orchestrion-output";
const { artifacts, runs } = connect();

async function upload(path) {
  const { size } = await stat(path);
  let call;
  const stored = new Promise((resolve, reject) => {
    call = artifacts.upload((error, artifact) => (error ? reject(error) : resolve(artifact)));
  });
  async function* messages() {
    yield { header: { fileName: basename(path), sizeBytes: size } };
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) yield { chunk };
  }
  const [artifact] = await Promise.all([stored, pipeline(messages, call)]);
  return artifact.name;
}

async function download(name) {
  const parts = artifacts.download({ name })[Symbol.asyncIterator]();
  const { artifact } = (await parts.next()).value; // The first message describes what follows.
  const path = join(FOLDER, basename(artifact.fileName) || name.slice(-8));
  await mkdir(FOLDER, { recursive: true });
  async function* chunks() {
    for await (const { chunk } of { [Symbol.asyncIterator]: () => parts }) yield chunk;
  }
  await pipeline(chunks, createWriteStream(path));
  return path;
}

const DETAILS = {
  taskPlanned: ({ task }) => `${task.id}: ${task.type}`,
  taskAssigned: ({ assignment }) => `${assignment.taskId} to ${assignment.expertId}: ${assignment.reason}`,
  taskStarted: ({ taskId, host }) => `${taskId} on ${host}`,
  taskProgress: ({ taskId, fraction, message }) => `${taskId} ${Math.round(100 * (fraction ?? 0))}% ${message ?? ""}`,
  taskFinished: ({ result, durationMs }) => `${result.taskId} ${result.state} in ${Math.round(durationMs)} ms`,
  answerText: ({ text }) => text,
  runFinished: ({ state }) => state,
};

const [request, ...files] = process.argv.slice(2);
if (!request) {
  console.error("usage: node ask.js REQUEST [FILE…]");
  process.exit(2);
}
let run, answer;
try {
  const attached = await Promise.all(files.map(upload));
  const events = runs.run({ messages: [{ role: "ROLE_USER", text: request, artifacts: attached }] });
  process.once("SIGINT", () => (run ? runs.cancelRun({ name: run }, () => {}) : events.cancel()));
  for await (const event of events) {
    run = event.run;
    console.log(event.payload, DETAILS[event.payload]?.(event[event.payload]) ?? "");
    if (event.payload === "answerFinished") answer = event.answerFinished;
  }
  console.log(`\n${answer.text}\n`);
  for (const name of answer.artifacts ?? []) console.log("saved", await download(name));
} catch (error) {
  console.error(`Error: ${error.details ?? error.message}`);
  process.exitCode = 1;
}
