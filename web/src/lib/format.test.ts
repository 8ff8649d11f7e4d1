import { expect, it } from "vitest";
import { clockTime, elapsedTime, plural } from "./format";

it("rounds what is left up and what has passed down", () => {
  expect([clockTime(900_000), clockTime(59_001), clockTime(1), clockTime(0), clockTime(-5)]).toEqual([
    "15:00",
    "1:00",
    "0:01",
    "0:00",
    "0:00",
  ]);
  expect([elapsedTime(201_999), elapsedTime(999)]).toEqual(["3:21", "0:00"]);
});

it("counts in words", () => {
  expect([plural(1, "case"), plural(0, "case"), plural(2, "try", "tries")]).toEqual(["1 case", "0 cases", "2 tries"]);
});
