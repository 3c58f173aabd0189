import { expect, it } from "vitest";
import type { RunEvent } from "../api/messages";
import { fold } from "./fold";
import { curve, layout } from "./graph";
import chain from "./recorded/chain.json";
import { retryWith } from "./retry";

const VIEW = fold(chain as unknown as RunEvent[]);
const SIGN = VIEW.messages[0]?.artifacts?.[0] ?? "";

it("draws what feeds what, files too, from left to right where there is room", () => {
  const placed = layout(VIEW.tasks, 900);
  expect(placed.isUpright).toBe(false);
  expect(placed.edges.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(
    [`${SIGN} image-to-text-1`, `${SIGN} object-detection-1`, "image-to-text-1 text-to-speech-1"].sort(),
  );
  const x = Object.fromEntries(placed.nodes.map((node) => [node.id, node.x]));
  expect(x[SIGN]).toBeLessThan(x["image-to-text-1"]!);
  expect(x["image-to-text-1"]).toBeLessThan(x["text-to-speech-1"]!);
  for (const edge of placed.edges) expect(curve(edge, false)).toMatch(/^M[\d.]+ [\d.]+C/);
});

it("goes downwards where it is narrow, and nothing lies on anything else", () => {
  const placed = layout(VIEW.tasks, 340);
  expect(placed.isUpright).toBe(true);
  for (const a of placed.nodes) {
    for (const b of placed.nodes) {
      if (a.id === b.id) continue;
      const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      expect(apart).toBe(true);
    }
  }
});

it("an empty plan has an empty graph", () => {
  expect(layout([], 340).nodes).toEqual([]);
});

it("another expert does one task of the same plan, for the same request", () => {
  const task = VIEW.tasks.find(({ id }) => id === "image-to-text-1")!;
  const retry = retryWith({ host: "hosts/b", expertId: "trocr" }, task, VIEW);
  expect(retry.assignments).toEqual([{ taskId: "image-to-text-1", host: "hosts/b", expertId: "trocr" }]);
  expect(retry.plan).toBe(VIEW.plan);
  expect(retry.artifacts).toEqual([SIGN]);
});
