import { expect, it } from "vitest";
import { encode } from "./wav";

it("writes a WAV file of one channel that a reader finds whole", async () => {
  const view = new DataView(await encode(new Float32Array([0, 1, -1, 2]), 16_000).arrayBuffer());
  const letters = (at: number): string => String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
  expect([letters(0), letters(8), letters(12), letters(36)]).toEqual(["RIFF", "WAVE", "fmt ", "data"]);
  expect(view.byteLength).toBe(44 + 8);
  expect([view.getUint32(4, true), view.getUint32(40, true)]).toEqual([44, 8]);
  expect([view.getUint16(22, true), view.getUint32(24, true), view.getUint16(34, true)]).toEqual([1, 16_000, 16]);
  // What is louder than can be written is as loud as can be.
  expect([44, 46, 48, 50].map((at) => view.getInt16(at, true))).toEqual([0, 32767, -32767, 32767]);
});
