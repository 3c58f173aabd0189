/** What this browser keeps: names of runs, and nothing of what is in them. The content comes from the controller. */

import { signal } from "@preact/signals";
import type { RunRequest } from "../api/messages";

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

const KEY = "orchestrion.conversations";
const MOST = 200;

function read(): readonly StoredConversation[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? (kept as StoredConversation[]) : [];
  } catch {
    return [];
  }
}

/** The conversations, newest first. */
export const conversations = signal<readonly StoredConversation[]>(read());

// Another tab of this browser changed them.
window.addEventListener("storage", (event) => {
  if (event.key === KEY) conversations.value = read();
});

export function newId(): string {
  // Not randomUUID, which pages over plain HTTP from another machine do not have.
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function save(conversation: StoredConversation): void {
  // What another tab wrote meanwhile stays.
  const others = read().filter((other) => other.id !== conversation.id);
  write([conversation, ...others].slice(0, MOST));
}

export function forget(id: string): void {
  write(read().filter((other) => other.id !== id));
}

function write(list: readonly StoredConversation[]): void {
  conversations.value = list;
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // No room, or a browser that keeps nothing: the conversations last as long as the page.
  }
}
