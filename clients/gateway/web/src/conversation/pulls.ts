/** Models that are being pulled: they go on while the page shows something else, and end with it. */

import { signal, type Signal } from "@preact/signals";
import { pullModel } from "../api/calls";
import type { ModelProgress } from "../api/messages";
import { messageOf } from "./draft";

export interface Pull {
  /** How far it is; undefined where none goes on. */
  readonly progress: Signal<ModelProgress | undefined>;
  /** Why the last one failed, in words; empty for none. */
  readonly trouble: Signal<string>;
  readonly begin: () => Promise<void>;
  readonly cancel: () => void;
}

const pulls = new Map<string, Pull>();

/** The pull of a model to a host; the same one whenever it is looked at. */
export function pullOf(host: string, expert: string): Pull {
  const key = `${host} ${expert}`;
  const pull = pulls.get(key) ?? newPull(host, expert);
  pulls.set(key, pull);
  return pull;
}

function newPull(host: string, expert: string): Pull {
  const progress = signal<ModelProgress | undefined>(undefined);
  const trouble = signal("");
  let leaving = new AbortController();
  const begin = async (): Promise<void> => {
    if (progress.value) return;
    leaving = new AbortController();
    trouble.value = "";
    progress.value = {};
    try {
      for await (const step of pullModel(host, expert, leaving.signal)) progress.value = step;
    } catch (error) {
      if (!leaving.signal.aborted) trouble.value = messageOf(error);
    }
    progress.value = undefined;
  };
  return { progress, trouble, begin, cancel: () => leaving.abort() };
}
