import { afterEach, expect, it, vi } from "vitest";
import errors from "../../../../python/orchestrion/errors.py?raw";
import choices from "../../../../../controller/orchestrion_controller/selector/reasons.py?raw";

vi.stubGlobal("navigator", { languages: ["zh-CN"] });
vi.stubGlobal("document", { documentElement: {} });
const { language } = await import("./language");
const { choiceText, problemText, REASONS_ZH, TERMS_ZH } = await import("./reasons");

afterEach(() => {
  language.value = "zh";
});

it("has every reason of an error that servers give", () => {
  const reasons = [...errors.matchAll(/^ {4}([A-Z_]+) = \(?$|^ {4}([A-Z_]+) = \(?[A-Z]\w+Error,/gm)].map((match) => match[1] ?? match[2]);
  expect(reasons.length).toBeGreaterThan(60);
  expect(Object.keys(REASONS_ZH).sort()).toEqual(reasons.sort());
});

it("has every term of a choice by rank", () => {
  const table = choices.slice(choices.indexOf("_TERMS"), choices.indexOf("_LEAST"));
  const terms = [...table.matchAll(/^ {4}"(\w+)":/gm)].map((match) => match[1]);
  expect(Object.keys(TERMS_ZH).sort()).toEqual(terms.sort());
});

it("says what an error means, and keeps the words of the server", () => {
  const full = { reason: "QUEUE_FULL", message: "The queue of painter is full." };
  expect(problemText(full)).toBe("专家的队列已满，请稍后再试。（原文：The queue of painter is full.）");
  expect(problemText({ reason: "NEWER", message: "Something new." })).toBe("Something new.");
  expect(problemText({ reason: "QUEUE_FULL", message: "队列满了。" })).toBe("队列满了。");
  language.value = "en";
  expect(problemText(full)).toBe(full.message);
});

it("tells a choice by rank by its numbers, and no other", () => {
  const candidates = [
    { host: "hosts/one", expertId: "small", features: { latency: 0.5, accuracy: 0.1 } },
    { host: "hosts/one", expertId: "large", features: { latency: 0.1, accuracy: 0.2 } },
  ];
  const first = { taskId: "a", host: "hosts/one", expertId: "small", reason: "small is loaded.", candidates };
  expect(choiceText(first, true)).toBe("排名第一，先于 large：速度更快。");
  expect(choiceText({ ...first, candidates: candidates.slice(0, 1) }, true)).toBe("唯一的候选。");
  expect(choiceText(first, false)).toBe("small is loaded.");
  expect(choiceText({ ...first, expertId: "large" }, true)).toBe("small is loaded.");
});
