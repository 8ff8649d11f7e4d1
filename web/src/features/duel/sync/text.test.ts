import { describe, expect, it } from "vitest";
import { applyWire, random, wire } from "./testing";
import { diff, insertsWholeCharacters, parseText, weight } from "./text";

const ALPHABET = ["a", "b", "\n", "é", "😀", "😁", "👩‍💻", "\u{10ffff}"];

describe("diff", () => {
  it("turns any text into any other, in whole characters", () => {
    const next = random(1);
    const text = () => Array.from({ length: Math.floor(next() * 9) }, () => ALPHABET[Math.floor(next() * 8)]).join("");
    for (let round = 0; round < 3000; round++) {
      const [from, to] = [text(), text()];
      const changes = diff(parseText(from), parseText(to));
      expect(applyWire(from, wire(changes))).toBe(to);
      expect(insertsWholeCharacters(changes), `${from} → ${to}`).toBe(true);
    }
  });

  it("keeps what both share", () => {
    expect(wire(diff(parseText("one\ntwo"), parseText("one\nnew\ntwo")))).toEqual([4, [0, "new", ""], 3]);
    expect(weight(diff(parseText("abc"), parseText("abd")))).toBe(2);
  });

  it("replaces an emoji whole though half of it is shared", () => {
    expect(wire(diff(parseText("😀"), parseText("😁")))).toEqual([[2, "😁"]]);
  });
});
