/** The request that is being written: its words, and its files, which are uploaded at once. */

import { effect, signal, type Signal } from "@preact/signals";
import { describeArtifact } from "../api/calls";
import { upload } from "../api/uploads";
import { ApiError } from "../api/http";
import type { Artifact } from "../api/messages";
import { read, readForNow, write, writeForNow } from "../kept";
import { t } from "../language/language";
import { problemText } from "../language/reasons";
import { describeAs } from "./artifacts";
import { newId } from "./stored";

/** What a reload of the page keeps of an attachment. */
interface KeptFile {
  readonly fileName: string;
  /** The name of the artifact; empty for a file that was not stored yet. */
  readonly name: string;
}

export interface Attachment {
  readonly id: string;
  readonly fileName: string;
  readonly mediaType: string;
  /** How much is uploaded, 0 to 1. */
  readonly progress: Signal<number>;
  /** The artifact, once it is stored. */
  readonly artifact: Signal<Artifact | undefined>;
  readonly stored: Promise<Artifact | undefined>;
  readonly cancel: () => void;
}

/** What is written; a reload of the page keeps it. */
export const text = signal(readForNow("draft"));
effect(() => writeForNow("draft", text.value));
export const attachments = signal<readonly Attachment[]>([]);
const KEPT_FILES = "draftFiles";
const keptFiles = readForNow(KEPT_FILES);
effect(() => {
  const files = attachments.value.map(({ fileName, artifact }): KeptFile => ({ fileName, name: artifact.value?.name ?? "" }));
  writeForNow(KEPT_FILES, files.length > 0 ? JSON.stringify(files) : "");
});
export const askFirst = signal(read("askFirst") === "yes");
/** What went wrong with what is being written, in words. */
export const troubles = signal<readonly string[]>([]);

export function setAskFirst(wanted: boolean): void {
  askFirst.value = wanted;
  write("askFirst", wanted ? "yes" : "no");
}

export function addFiles(files: Iterable<File>): void {
  for (const file of files) {
    if (file.size === 0) complain(t("emptyFile", { name: file.name }));
    else attachments.value = [...attachments.value, uploading(file)];
  }
}

/** Attaches an artifact that is there already. */
export function addArtifact(artifact: Artifact): void {
  if (attachments.value.some((other) => other.artifact.value?.name === artifact.name)) return;
  attachments.value = [
    ...attachments.value,
    {
      id: newId(),
      fileName: artifact.fileName,
      mediaType: artifact.mediaType,
      progress: signal(1),
      artifact: signal<Artifact | undefined>(artifact),
      stored: Promise.resolve(artifact),
      cancel: () => undefined,
    },
  ];
}

export function remove(attachment: Attachment): void {
  attachment.cancel();
  attachments.value = attachments.value.filter((other) => other.id !== attachment.id);
}

/** Waits for the uploads; undefined where one of them failed, which is said. */
export async function storedNames(): Promise<string[] | undefined> {
  const waited = attachments.value;
  await Promise.all(waited.map((attachment) => attachment.stored));
  const kept = attachments.value;
  const all = waited.every((attachment) => kept.includes(attachment));
  return all ? kept.flatMap((attachment) => attachment.artifact.value?.name ?? []) : undefined;
}

export function complain(trouble: string): void {
  troubles.value = [...troubles.value.filter((other) => other !== trouble), trouble];
}

export function clear(): void {
  text.value = "";
  attachments.value = [];
  troubles.value = [];
}

/** Attaches again what was attached when the page was loaded anew, and says what cannot be. */
export async function restoreFiles(): Promise<void> {
  const kept = (keptFiles ? JSON.parse(keptFiles) : []) as readonly KeptFile[];
  const found = await Promise.allSettled(kept.map(({ name }) => (name ? describeArtifact(name) : Promise.reject(new Error()))));
  found.forEach((result, place) => {
    if (result.status === "fulfilled") {
      describeAs(result.value);
      addArtifact(result.value);
    } else complain(t("fileNotKept", { name: kept[place]?.fileName ?? "" }));
  });
}

function uploading(file: File): Attachment {
  const aborting = new AbortController();
  const progress = signal(0);
  const artifact = signal<Artifact | undefined>(undefined);
  const id = newId();
  const stored = upload(file, (share) => (progress.value = share), aborting.signal).then(
    (described) => {
      describeAs(described);
      progress.value = 1;
      artifact.value = described;
      return described;
    },
    (error: unknown) => {
      if (!aborting.signal.aborted) complain(t("uploadFailed", { name: file.name, message: messageOf(error) }));
      attachments.value = attachments.value.filter((other) => other.id !== id);
      return undefined;
    },
  );
  const cancel = (): void => aborting.abort();
  return { id, fileName: file.name, mediaType: file.type, progress, artifact, stored, cancel };
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.status === 0 ? t("gatewayAway") : problemText(error);
  return error instanceof Error ? error.message : String(error);
}
