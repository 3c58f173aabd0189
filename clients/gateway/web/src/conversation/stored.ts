/** What this browser keeps: names of runs, and nothing of what is in them. The content comes from the controller. */

import { signal } from "@preact/signals";
import type { RunRequest } from "../api/messages";
import { read, write } from "../kept";

export interface StoredTurn {
  /** Distinguishes the turn in this browser; the id under which its request is sent, also again. */
  readonly id: string;
  /** `runs/…`; undefined until the controller has said it. */
  readonly run?: string;
  /** The request, until it has a run: after a reload it is sent again under the same id, and joins the first. */
  readonly request?: RunRequest;
}

export interface StoredConversation {
  readonly id: string;
  readonly title: string;
  readonly time: number;
  readonly turns: readonly StoredTurn[];
}

const KEPT = "conversations";

function readAll(): readonly StoredConversation[] {
  // Without leave to keep anything, what this page has is all there is.
  if (!areKept.peek()) return conversations.peek();
  try {
    const kept: unknown = JSON.parse(read(KEPT) ?? "[]");
    return Array.isArray(kept) ? (kept as StoredConversation[]) : [];
  } catch {
    return [];
  }
}


/** Whether the browser keeps the conversations for another day. */
export const areKept = signal(true);
/** The conversations, newest first. */
export const conversations = signal<readonly StoredConversation[]>(readAll());

// Another tab of this browser changed them.
window.addEventListener("storage", (event) => {
  if (event.key === `orchestrion.${KEPT}`) conversations.value = readAll();
});

export function newId(): string {
  // Not randomUUID, which pages over plain HTTP from another machine do not have.
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function save(conversation: StoredConversation): void {
  // What another tab wrote meanwhile stays.
  const others = readAll().filter((other) => other.id !== conversation.id);
  writeAll([conversation, ...others]);
}

export function forget(id: string): void {
  writeAll(readAll().filter((other) => other.id !== id));
}

function writeAll(list: readonly StoredConversation[]): void {
  conversations.value = list;
  areKept.value = write(KEPT, JSON.stringify(list));
}
