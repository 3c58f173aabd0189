import { effect, signal } from "@preact/signals";
import { read, write } from "./kept";

export type Colours = "auto" | "light" | "dark";

const KEPT = "colours";
const NEXT: Record<Colours, Colours> = { auto: "light", light: "dark", dark: "auto" };

function initial(): Colours {
  const kept = read(KEPT);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export const colours = signal<Colours>(initial());

effect(() => {
  document.documentElement.dataset["colours"] = colours.value;
});

export function next(): void {
  colours.value = NEXT[colours.value];
  write(KEPT, colours.value);
}
