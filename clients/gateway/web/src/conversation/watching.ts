import type { Signal } from "@preact/signals";
import { runEvents } from "../api/calls";
import type { RunEvent } from "../api/messages";
import { ApiError } from "../api/http";
import { pause } from "../api/streams";
import { artifactsIn } from "../run/references";
import { apply } from "../run/fold";
import { hasEnded, NOTHING, type RunView } from "../run/state";
import { refresh } from "./artifacts";

/** How a run is seen: as it goes on, from afar for now, no longer there, or not at all, and why. */
export type Sight = "live" | "away" | "gone" | { readonly error: string };

/** Follows a run to its end, from the last event seen, over as many connections as it takes. */
export async function watch(
  run: string,
  view: Signal<RunView>,
  sight: Signal<Sight>,
  signal: AbortSignal,
): Promise<void> {
  let attempt = 0;
  const shown = new Shown(view);
  const isThere = (): void => {
    sight.value = "live";
  };
  while (!signal.aborted && !hasEnded(view.value.phase)) {
    try {
      for await (const event of runEvents(run, view.value.lastSequence, signal, isThere)) {
        shown.add(event);
        attempt = 0;
        if (event.answerFinished) refresh(madeBy(shown.latest));
      }
      shown.show();
      if (hasEnded(view.value.phase)) return;
      // A stream that ends before its run: the gateway stops, or all of a log was seen that is of another controller.
      throw new ApiError(0, "STREAM_ENDED", "");
    } catch (error) {
      if (signal.aborted) return;
      shown.show();
      if (!(error instanceof ApiError)) {
        sight.value = "away";
      } else if (error.reason === "RUN_NOT_FOUND") {
        sight.value = "gone";
        return;
      } else if (error.reason === "SEQUENCE_OUT_OF_RANGE") {
        view.value = shown.latest = NOTHING;
      } else if (error.isAway) {
        sight.value = "away";
      } else {
        sight.value = { error: error.message };
        return;
      }
      await pause(attempt++, signal);
    }
  }
}

const SHOWN_EVERY_MS = 16;

/** Adds events up, and shows what they come to at most once for each picture of the screen: a log is read in one go. */
class Shown {
  latest: RunView;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly view: Signal<RunView>) {
    this.latest = view.value;
  }

  add(event: RunEvent): void {
    this.latest = apply(this.latest, event);
    this.timer ??= setTimeout(() => this.show(), SHOWN_EVERY_MS);
  }

  show(): void {
    const isNew = this.timer !== undefined;
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!isNew) return;
    this.view.value = this.latest;
  }
}

/** The artifacts that a run has made so far, each once, in order. */
export function madeBy(view: RunView): string[] {
  const attached = new Set(view.messages.flatMap((message) => message.artifacts ?? []));
  const made = view.tasks.flatMap((task) => artifactsIn(task.result?.outputs));
  return [...new Set(made)].filter((name) => !attached.has(name));
}
