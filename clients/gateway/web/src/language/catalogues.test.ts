import { expect, it } from "vitest";
import { en } from "./en";
import { zh } from "./zh";

const NAMES = /\{\w+\}/g;

it.each(Object.entries(en))("%s has the same values in Chinese, and is translated", (key, text) => {
  const chinese = zh[key as keyof typeof en];
  expect(chinese.match(NAMES)?.sort() ?? []).toEqual(text.match(NAMES)?.sort() ?? []);
  expect(chinese).not.toBe("");
});
