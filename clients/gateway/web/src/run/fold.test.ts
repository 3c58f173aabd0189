import { describe, expect, it } from "vitest";
import type { RunEvent, Task } from "../api/messages";
import { apply, fold } from "./fold";
import beyond from "./recorded/beyond.json";
import chain from "./recorded/chain.json";
import { fractionOf, isRefused, itemsDone, NOTHING, type RunView, undoneCount } from "./state";
import { textKey } from "./task_fold";

const CHAIN = chain as unknown as RunEvent[];
const BEYOND = beyond as unknown as RunEvent[];
const RUN = "runs/1";

const READ: Task = { id: "read", type: "image-to-text", inputs: { image: { artifact: "artifacts/1" } } };
const SPEAK: Task = { id: "speak", type: "text-to-speech", inputs: { text: { output: { taskId: "read", output: "text" } } } };

let sequence = 0;
/** An event of a run, numbered after the one before. */
function numbered(payload: Partial<RunEvent>): RunEvent {
  return { run: RUN, sequence: String(++sequence), ...payload };
}

function phases(view: RunView): Record<string, string> {
  return Object.fromEntries(view.tasks.map((task) => [task.id, task.phase]));
}

function started(taskId: string, attempt = 1, item?: number, itemCount?: number): RunEvent {
  const place = item === undefined ? {} : { item, itemCount: itemCount ?? 0 };
  return numbered({ taskStarted: { taskId, attempt, host: "hosts/a", expertId: "rapidocr", ...place } });
}

describe("a recorded run that read a sign aloud and looked for faces", () => {
  it("ends with its answer, its files and all of its tasks done", () => {
    const view = fold(CHAIN);
    expect(view.phase).toBe("succeeded");
    expect(phases(view)).toEqual({
      "image-to-text-1": "succeeded",
      "text-to-speech-1": "succeeded",
      "object-detection-1": "succeeded",
    });
    expect(view.answer).toContain("Platform 9");
    expect(view.answered).toBe(true);
    expect(view.answerArtifacts).toHaveLength(2);
    expect(view.messages[0]?.artifacts).toHaveLength(1);
  });

  it("is the same whether it is seen at once, or broken off anywhere and gone on with from the last number", () => {
    // Progress is not sent again, and nothing at the end depends on it.
    const kept = CHAIN.filter((event) => event.sequence);
    const whole = fold(kept);
    for (let cut = 1; cut < kept.length; cut++) {
      const before = fold(kept.slice(0, cut));
      const after = kept.filter((event) => Number(event.sequence) > before.lastSequence);
      expect(fold(after, before)).toEqual(whole);
    }
  });

  it("changes nothing when events come a second time", () => {
    const kept = CHAIN.filter((event) => event.sequence);
    const view = fold(kept);
    expect(fold(kept, view)).toBe(view);
  });

  it("shows the plan growing task by task, with the expert of each", () => {
    const counts = CHAIN.map((_, place) => fold(CHAIN.slice(0, place + 1)).tasks.length);
    expect(new Set(counts)).toEqual(new Set([0, 1, 2, 3]));
    expect(fold(CHAIN).tasks.map((task) => task.expertId)).toEqual(["rapidocr", "espeak-ng", "opencv-faces"]);
  });
});

describe("a request of which a part cannot be done", () => {
  it("keeps the words, the nearest request and why the run ended, with nothing run", () => {
    const view = fold(BEYOND);
    expect(isRefused(view)).toBe(true);
    expect(view.notDone[0]?.nearestRequest).toBe("Read it aloud");
    expect(view.error?.reason).toBe("REQUEST_BEYOND_PLANNER");
  });
});

describe("attempts", () => {
  it("void what the failed one had done, and keep why it failed", () => {
    let view = fold([numbered({ taskPlanned: { task: READ } }), started("read")]);
    view = fold([
      { run: RUN, taskProgress: { taskId: "read", fraction: 0.8, message: "reading" } },
      numbered({ taskText: { taskId: "read", output: "text", text: "Plat" } }),
      { run: RUN, taskPreview: { taskId: "read", mediaType: "image/png", content: "AAAA" } },
    ], view);
    expect(fractionOf(view.tasks[0]!)).toBe(0.8);
    expect(view.tasks[0]!.previews[-1]?.address).toBe("data:image/png;base64,AAAA");
    const failed = { taskId: "read", attempt: 1, host: "hosts/a", expertId: "rapidocr", retried: true, error: { reason: "WORKER_CRASHED", message: "It crashed." } };
    view = fold([numbered({ attemptFailed: failed }), started("read", 2)], view);
    const [task] = view.tasks;
    expect(task?.attempt).toBe(2);
    expect(task?.texts).toEqual({});
    expect(task?.previews).toEqual({});
    expect(fractionOf(task!)).toBeUndefined();
    expect(task?.failures.map((failure) => failure.error?.message)).toEqual(["It crashed."]);
  });
});

describe("a task that unfolds", () => {
  it("is as far as its items are together", () => {
    let view = fold([numbered({ taskPlanned: { task: READ } }), started("read", 1, 0, 2), started("read", 1, 1, 2)]);
    view = fold([
      { run: RUN, taskProgress: { taskId: "read", fraction: 1, item: 0 } },
      { run: RUN, taskProgress: { taskId: "read", fraction: 0.5, item: 1 } },
      numbered({ taskText: { taskId: "read", output: "text", text: "a", item: 0 } }),
      numbered({ taskText: { taskId: "read", output: "text", text: "b", item: 1 } }),
    ], view);
    const task = view.tasks[0]!;
    expect(fractionOf(task)).toBe(0.75);
    expect(itemsDone(task)).toBe(1);
    expect(task.texts[textKey(1, "text")]).toBe("b");
  });
});

describe("a plan that is mended", () => {
  it("loses the revoked task, starts what had its output anew, and ignores what is still heard of it", () => {
    let view = fold([numbered({ taskPlanned: { task: READ } }), numbered({ taskPlanned: { task: SPEAK } }), started("read"), started("speak")]);
    view = apply(view, numbered({ taskRevoked: { taskId: "read" } }));
    expect(phases(view)).toEqual({ speak: "planned" });
    view = apply(view, numbered({ taskFinished: { result: { taskId: "read", state: "TASK_STATE_CANCELLED" } } }));
    expect(phases(view)).toEqual({ speak: "planned" });
    view = apply(view, numbered({ taskPlanned: { task: READ } }));
    expect(phases(view)).toEqual({ speak: "planned", read: "planned" });
  });
});

describe("a run that ends before its tasks", () => {
  const begun = [numbered({ taskPlanned: { task: READ } }), numbered({ taskPlanned: { task: SPEAK } }), started("read")];

  it("has stopped them all where it was cancelled", () => {
    const view = fold([...begun, numbered({ runFinished: { state: "RUN_STATE_CANCELLED" } })]);
    expect(phases(view)).toEqual({ read: "cancelled", speak: "cancelled" });
  });

  it("has stopped those that were begun where it failed", () => {
    const view = fold([...begun, numbered({ runFinished: { state: "RUN_STATE_FAILED" } })]);
    expect(phases(view)).toEqual({ read: "cancelled", speak: "planned" });
  });
});

describe("approval", () => {
  const waiting = [numbered({ planFinished: { plan: { tasks: [READ, SPEAK] }, notDone: [{ words: "mail it" }] } }), numbered({ approvalAwaited: { plan: { tasks: [READ, SPEAK] } } })];

  it("waits, and goes on with the plan that was shown", () => {
    const view = fold(waiting);
    expect(view.phase).toBe("awaiting");
    const approved = apply(view, numbered({ planApproved: {} }));
    expect(approved.phase).toBe("running");
    expect(approved.approval).toMatchObject({ approved: true, edited: false });
    expect(approved.notDone).toHaveLength(1);
  });

  it("takes the edited plan in its place, of which nobody says what it lacks", () => {
    const edited: Task = { ...READ, inputs: { image: { artifact: "artifacts/2" } } };
    const view = apply(fold(waiting), numbered({ planApproved: { plan: { tasks: [edited] } } }));
    expect(phases(view)).toEqual({ read: "planned" });
    expect(view.tasks[0]?.task).toEqual(edited);
    expect(view.notDone).toEqual([]);
    expect(view.approval?.edited).toBe(true);
  });
});

it("a payload of a later version counts as seen and changes nothing else", () => {
  const view = apply(NOTHING, { run: RUN, sequence: "7" });
  expect(view.lastSequence).toBe(7);
  expect(view.phase).toBe("running");
});

describe("a run that has succeeded", () => {
  it("tells how many of its steps did not", () => {
    const view = fold(CHAIN);
    const failed = { ...view, tasks: view.tasks.map((task) => ({ ...task, phase: "failed" as const })) };

    expect(undoneCount(view)).toBe(0);
    expect(undoneCount(failed)).toBe(view.tasks.length);
    expect(undoneCount({ ...failed, phase: "failed" })).toBe(0);
  });
});
