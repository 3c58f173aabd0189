/** Whether the gateway and its controller answer, while somebody looks at the page. */

import { signal } from "@preact/signals";

export type Reach = "reached" | "gateway away" | "controller away";

export const reach = signal<Reach>("reached");

const INTERVAL_MS = 4000;
let timer: ReturnType<typeof setTimeout> | undefined;

export function begin(): void {
  document.addEventListener("visibilitychange", schedule);
  window.addEventListener("online", schedule);
  schedule();
}

function schedule(): void {
  clearTimeout(timer);
  timer = undefined;
  if (!document.hidden) void look();
}

async function look(): Promise<void> {
  try {
    const response = await fetch("/readyz", { signal: AbortSignal.timeout(INTERVAL_MS * 2), cache: "no-store" });
    reach.value = response.ok ? "reached" : "controller away";
  } catch {
    reach.value = "gateway away";
  }
  clearTimeout(timer);
  timer = setTimeout(schedule, INTERVAL_MS);
}
