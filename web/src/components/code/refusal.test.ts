import { Text } from "@codemirror/state";
import { expect, it } from "vitest";
import { offsetOf } from "./refusal";

it("finds a place by line and column, and stays inside the text", () => {
  const doc = Text.of(["import os", "x = 1"]);
  const at = (line: number, column?: number) => offsetOf(doc, { line, column, message: "" });
  expect(offsetOf(Text.of(["'😀'; import os"]), { line: 1, column: 6, message: "" })).toBe(6);
  expect([at(1, 1), at(1, 8), at(2), at(2, 99), at(99, 1), at(0, 0)]).toEqual([0, 7, 10, 15, 10, 0]);
});
