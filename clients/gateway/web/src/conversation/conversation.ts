/** The conversation that is shown: its turns, each a run, and what is asked next. */

import { computed, effect, signal, untracked, type Signal } from "@preact/signals";
import { cancelRun, createRun } from "../api/calls";
import { ApiError } from "../api/http";
import type { Assignment, Message, Plan, RunRequest } from "../api/messages";
import { pause } from "../api/streams";
import { hasEnded, NOTHING, type RunView } from "../run/state";
import { artifact } from "./artifacts";
import { conversations, forget, newId, save, type StoredConversation } from "./stored";
import { watch, type Sight } from "./watching";

export interface Turn {
  readonly id: string;
  readonly view: Signal<RunView>;
  readonly sight: Signal<Sight>;
  /** Whether the run is being stopped. */
  readonly stopping: Signal<boolean>;
}

export interface Wish {
  readonly text: string;
  readonly artifacts: readonly string[];
  /** Whether the plan waits for approval. */
  readonly askFirst?: boolean;
  /** A plan to follow, with experts chosen for some of its tasks. */
  readonly plan?: Plan;
  readonly assignments?: Assignment[];
}

/** The id of the conversation that is shown; empty for one that is not begun. */
export const shown = signal("");
export const turns = signal<readonly Turn[]>([]);

export const lastTurn = computed(() => turns.value.at(-1));
export const running = computed(() => {
  const turn = lastTurn.value;
  if (!turn || typeof turn.sight.value === "object" || turn.sight.value === "gone") return undefined;
  return hasEnded(turn.view.value.phase) ? undefined : turn;
});

/** The turns that this page began; others come from other tabs. */
const own = new Set<string>();

let unanswered: { readonly content: string; readonly id: string } | undefined;
let watching = new AbortController();
let stored: StoredConversation | undefined;

/** Shows a conversation, and goes on watching what goes on in it; an unknown id, or none, shows an empty one. */
export function show(id: string): void {
  if (id === shown.value && (stored || !id)) return;
  watching.abort();
  watching = new AbortController();
  stored = conversations.value.find((conversation) => conversation.id === id);
  shown.value = id;
  turns.value = (stored?.turns ?? []).map(({ id: turnId, run, request }) => {
    const turn = newTurn(turnId, request?.messages);
    void (run ? follow(turn, run) : request ? join(turn, request) : Promise.resolve());
    return turn;
  });
}

/**
 * Asks for something. The turn is there once the controller has taken it; what it refuses at once is thrown.
 *
 * @returns The id of the conversation.
 */
export async function ask(wish: Wish): Promise<string> {
  const conversation = stored ?? { id: newId(), title: titleOf(wish), time: Date.now(), turns: [] };
  // What nobody answered may have been taken all the same: sent again under the same id, it joins its run.
  const content = JSON.stringify(wish);
  const id = unanswered?.content === content ? unanswered.id : newId();
  own.add(id);
  const request = requestOf(wish, id);
  keep({ ...conversation, turns: [...conversation.turns, { id, request }] });
  shown.value = conversation.id;
  try {
    const run = await createRun(request);
    unanswered = undefined;
    named(id, run);
    const turn = newTurn(id, request.messages);
    turns.value = [...turns.value, turn];
    void follow(turn, run);
  } catch (error) {
    unanswered = error instanceof ApiError && error.isAway ? { content, id } : undefined;
    keep({ ...conversation, turns: conversation.turns });
    throw error;
  }
  return conversation.id;
}

export async function stop(turn: Turn): Promise<void> {
  turn.stopping.value = true;
  try {
    await cancelRun(turn.view.value.name);
  } finally {
    turn.stopping.value = false;
  }
}

function requestOf(wish: Wish, requestId: string): RunRequest {
  const message: Message = { text: wish.text, artifacts: [...wish.artifacts] };
  const previousRun = turns.value.findLast((turn) => turn.sight.value === "live" && turn.view.value.name)?.view.value.name;
  return {
    messages: [message],
    // A reload, or a page that is closed, must not stop what was asked for; the button does.
    options: { onDetach: "ON_DETACH_CONTINUE", requestId },
    ...(previousRun ? { previousRun } : {}),
    ...(wish.askFirst ? { approval: "APPROVAL_REQUIRED" } : {}),
    ...(wish.plan ? { plan: wish.plan } : {}),
    ...(wish.assignments ? { assignments: wish.assignments } : {}),
  };
}

function newTurn(id: string, messages: Message[] = []): Turn {
  return { id, view: signal<RunView>({ ...NOTHING, messages }), sight: signal<Sight>("live"), stopping: signal(false) };
}

function follow(turn: Turn, run: string): Promise<void> {
  turn.view.value = { ...turn.view.value, name: run };
  return watch(run, turn.view, turn.sight, watching.signal);
}

/** Sends a request that a reload interrupted; the id that it has lets it join the run that it may have begun. */
async function join(turn: Turn, request: RunRequest): Promise<void> {
  const { signal: ended } = watching;
  for (let attempt = 0; !ended.aborted; attempt++) {
    try {
      const run = await createRun(request);
      if (ended.aborted) return;
      named(turn.id, run);
      return await follow(turn, run);
    } catch (error) {
      const isAway = error instanceof ApiError && error.isAway;
      turn.sight.value = isAway ? "away" : { error: error instanceof Error ? error.message : String(error) };
      if (!isAway) return;
      await pause(attempt, ended);
    }
  }
}

function named(turnId: string, run: string): void {
  if (!stored) return;
  keep({ ...stored, turns: stored.turns.map((turn) => (turn.id === turnId ? { id: turnId, run } : turn)) });
}

function keep(conversation: StoredConversation): void {
  stored = conversation;
  if (conversation.turns.length > 0) save(conversation);
  else forget(conversation.id);
}

function titleOf(wish: Wish): string {
  const [first = ""] = wish.artifacts;
  return wish.text.trim().slice(0, 80) || (first && artifact(first).peek()?.fileName) || "";
}

// Another tab may go on with the conversation that is shown here.
effect(() => {
  const newer = conversations.value.find((conversation) => conversation.id === stored?.id);
  untracked(() => newer && takeIn(newer));
});

function takeIn(newer: StoredConversation): void {
  const ids = new Set(turns.value.map((turn) => turn.id));
  const added = newer.turns.flatMap(({ id, run }) => (run && !ids.has(id) && !own.has(id) ? [{ turn: newTurn(id), run }] : []));
  if (added.length === 0) return;
  stored = newer;
  turns.value = [...turns.value, ...added.map(({ turn }) => turn)];
  for (const { turn, run } of added) void follow(turn, run);
}
