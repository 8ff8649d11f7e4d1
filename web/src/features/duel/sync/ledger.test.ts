import { ChangeSet } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { Ledger } from "./ledger";
import { applyWire, wire } from "./testing";
import { parseText } from "./text";

const insert = (ledger: Ledger, from: number, text: string, to = from) =>
  ledger.type(ChangeSet.of({ from, to, insert: parseText(text) }, ledger.local.length));

describe("a ledger", () => {
  it("composes what was typed into one numbered edit", () => {
    const ledger = Ledger.at(4, "ab");
    insert(ledger, 1, "x");
    insert(ledger, 2, "y");
    expect(wire(ledger.cut()?.changes as ChangeSet)).toEqual([1, [0, "xy"], 1]);
    expect(ledger.sent.map((edit) => edit.seq)).toEqual([5]);
    expect(ledger.cut()).toBeNull();
  });

  it("sends nothing for typing that was undone", () => {
    const ledger = Ledger.at(0, "ab");
    insert(ledger, 1, "x");
    insert(ledger, 1, "", 2);
    expect(ledger.cut()?.changes.apply(parseText("ab")).toString() ?? "ab").toBe("ab");
  });

  it("takes repeated and late acknowledgements calmly", () => {
    const ledger = Ledger.at(0, "");
    insert(ledger, 0, "a");
    ledger.cut();
    insert(ledger, 1, "b");
    ledger.cut();
    ledger.ack(2);
    ledger.ack(1);
    ledger.ack(2);
    expect([ledger.acked, ledger.clean]).toEqual([2, true]);
  });

  it("never sends half an emoji", () => {
    const ledger = Ledger.at(0, "😀!");
    ledger.type(ChangeSet.of({ from: 1, to: 2, insert: "\ude01" }, 3));
    const edit = ledger.cut();
    expect(applyWire("😀!", wire(edit?.changes as ChangeSet))).toBe("😁!");
    expect(JSON.stringify(edit?.changes)).not.toContain("\\ud");
  });

  it("survives being saved and restored", () => {
    const ledger = Ledger.at(7, "start\n");
    insert(ledger, 6, "👩‍💻\n");
    ledger.cut();
    insert(ledger, 0, "# ");
    const restored = Ledger.restore(JSON.parse(JSON.stringify(ledger.save())));
    expect(restored.local.toString()).toBe("# start\n👩‍💻\n");
    expect(restored.save()).toEqual(ledger.save());
  });
});

describe("meeting the server's truth", () => {
  const twoSent = () => {
    const ledger = Ledger.at(0, "");
    for (const [at, letter] of ["a", "b", "c"].entries()) {
      insert(ledger, at, letter);
      if (letter !== "c") ledger.cut();
    }
    return ledger;
  };

  it.each([
    [0, "", ["abc"]],
    [1, "a", ["bc"]],
    [2, "ab", ["c"]],
  ])("drops what the server has at seq %i and keeps the rest", (seq, text, rest) => {
    const ledger = twoSent();
    expect(ledger.rebase(seq, text)).toBeNull();
    const edit = ledger.cut();
    expect(edit?.seq).toBe(seq + 1);
    expect(wire(edit?.changes as ChangeSet)).toEqual([...(text.length ? [text.length] : []), [0, ...rest]]);
  });

  it("shows what another tab wrote, and keeps what was typed here", () => {
    const ledger = Ledger.at(3, "one\ntwo\n");
    insert(ledger, 8, "mine\n");
    const shown = ledger.rebase(5, "zero\none\ntwo\n");
    expect(shown?.apply(parseText("one\ntwo\nmine\n")).toString()).toBe("zero\none\ntwo\nmine\n");
    expect(applyWire("zero\none\ntwo\n", wire(ledger.cut()?.changes as ChangeSet))).toBe("zero\none\ntwo\nmine\n");
  });

  it("does not type again what reached the server before another tab went on", () => {
    const ledger = twoSent();
    ledger.rebase(3, "ab!");
    expect([...ledger.local.toString()].sort().join("")).toBe("!abc");
  });

  it("keeps a deletion that the server has not got", () => {
    const ledger = Ledger.at(1, "abc");
    insert(ledger, 2, "", 3);
    ledger.rebase(2, "abcd");
    expect(ledger.local.toString()).toBe("abd");
  });

  it("leaves the text that another page brought when the server went back in time", () => {
    const ledger = Ledger.at(9, "old");
    insert(ledger, 3, "!");
    ledger.rebase(2, "older, but newer", true);
    expect(ledger.local.toString()).toContain("older, but newer");
    const alone = Ledger.at(9, "mine");
    alone.rebase(0, "starter", true);
    expect(alone.local.toString()).toBe("mine");
  });

  it("lets the local text win when the server went back in time", () => {
    const ledger = Ledger.at(9, "kept work");
    expect(ledger.rebase(2, "kept")).toBeNull();
    expect(applyWire("kept", wire(ledger.cut()?.changes as ChangeSet))).toBe("kept work");
    expect(ledger.sent[0]?.seq).toBe(3);
  });
});
