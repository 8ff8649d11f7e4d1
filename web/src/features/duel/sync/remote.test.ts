import { describe, expect, it } from "vitest";
import { RemoteDocument } from "./remote";

describe("another player's document", () => {
  it("follows edit by edit, emoji included", () => {
    const doc = new RemoteDocument(3, "a😀\n");
    expect(doc.apply(4, [3, [1, "", "b"]]).kind).toBe("applied");
    expect(doc.text?.toString()).toBe("a😀\nb");
    expect(doc.apply(4, [1, [0, "!"]]).kind).toBe("stale");
    expect(doc.seq).toBe(4);
  });

  it("asks for a snapshot when an edit is missing or does not fit", () => {
    const doc = new RemoteDocument(0, "abc");
    expect(doc.apply(2, [3]).kind).toBe("gap");
    expect(doc.apply(1, [99]).kind).toBe("gap");
    expect(doc.apply(1, "nonsense").kind).toBe("gap");
    expect(doc.text?.toString()).toBe("abc");
  });

  it("shows only activity where the code is hidden", () => {
    const doc = new RemoteDocument(0, undefined);
    expect(doc.apply(5, undefined).kind).toBe("activity");
    expect(doc.seq).toBe(5);
  });
});
