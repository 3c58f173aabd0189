import { expect, it } from "vitest";
import { rowsOf } from "./delimited";

it.each([
  ["a,b\n1,2\n", [["a", "b"], ["1", "2"]]],
  ["a,b\r\n1,\r\n", [["a", "b"], ["1", ""]]],
  ['"a, b","say ""hi"""\n"two\nlines",x', [["a, b", 'say "hi"'], ["two\nlines", "x"]]],
  ["", []],
])("splits %j into rows", (text, rows) => {
  expect(rowsOf(text, ",")).toEqual(rows);
});
