import { effect, signal } from "@preact/signals";

export type Colours = "auto" | "light" | "dark";

const KEY = "orchestrion.colours";
const NEXT: Record<Colours, Colours> = { auto: "light", light: "dark", dark: "auto" };

function initial(): Colours {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export const colours = signal<Colours>(initial());

effect(() => {
  document.documentElement.dataset["colours"] = colours.value;
});

export function next(): void {
  colours.value = NEXT[colours.value];
  localStorage.setItem(KEY, colours.value);
}
