import { EventSourceParserStream } from "eventsource-parser/stream";
import { call, errorOf } from "./http";

export interface ServerEvent {
  event: string;
  data: string;
}

/**
 * Yields what a call sends as server-sent events, to its end. `fetch` rather than EventSource: errors can be read, POST
 * can be sent, and the number to go on from is the page's own.
 */
export async function* serverEvents(
  path: string,
  init: RequestInit,
  signal: AbortSignal,
  onOpen: () => void = () => undefined,
): AsyncGenerator<ServerEvent> {
  const headers = { ...init.headers, Accept: "text/event-stream" };
  const response = await call(path, { ...init, headers, signal });
  onOpen();
  if (response.status === 204 || !response.body) return;
  const reader = response.body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (value.event === "stream_failed") throw errorOf(503, value.data);
      yield { event: value.event ?? "message", data: value.data };
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

const PAUSES_MS = [500, 1000, 2000, 4000, 8000];

/** Waits before another attempt, longer each time; a network that comes back, or a page that is looked at again, ends it. */
export function pause(attempt: number, signal: AbortSignal): Promise<void> {
  const length = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 8000;
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      document.removeEventListener("visibilitychange", end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, length);
    window.addEventListener("online", end);
    document.addEventListener("visibilitychange", end);
    signal.addEventListener("abort", end);
  });
}
