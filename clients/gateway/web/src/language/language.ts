import { computed, effect, signal } from "@preact/signals";
import { read, write } from "../kept";
import { en, type Catalogue, type Key } from "./en";
import { TASK_TITLES_ZH } from "./task_titles";
import { zh } from "./zh";

export type Language = "en" | "zh";

const KEPT = "language";
const CATALOGUES: Record<Language, Catalogue> = { en, zh };

function initial(): Language {
  const kept = read(KEPT);
  if (kept === "en" || kept === "zh") return kept;
  const first = navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag)) ?? "en";
  return first.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export const language = signal<Language>(initial());
const catalogue = computed(() => CATALOGUES[language.value]);
const tag = computed(() => (language.value === "zh" ? "zh-CN" : "en"));

effect(() => {
  document.documentElement.lang = tag.value;
});

export function choose(chosen: Language): void {
  write(KEPT, chosen);
  language.value = chosen;
}

/** A text in the language of the page, with values in place of their names. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  return catalogue.value[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** What a task type is called. */
export function taskTitle(type: string): string {
  const title = language.value === "zh" ? TASK_TITLES_ZH[type] : undefined;
  return title ?? sentence(type);
}

/** Makes words of the name of an input, an output or a task type. */
export function sentence(name: string): string {
  const words = name.replace(/[-_]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return `${Math.round(milliseconds)} ms`;
  if (seconds < 60) return `${number(seconds, seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function size(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const amount = bytes / 1000 ** power;
  return `${number(amount, power > 0 && amount < 10 ? 1 : 0)} ${UNITS[power]}`;
}

export function number(value: number, digits = 3): string {
  return value.toLocaleString(tag.value, { maximumFractionDigits: digits });
}

export function clock(time: string): string {
  return new Date(time).toLocaleTimeString(tag.value, { hour: "2-digit", minute: "2-digit" });
}
