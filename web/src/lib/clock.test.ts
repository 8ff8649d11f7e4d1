import { describe, expect, it } from "vitest";
import { ServerClock } from "./clock";

describe("the server's clock", () => {
  it("takes the middle of a round trip", () => {
    const clock = new ServerClock(() => 1000);
    clock.sample(900, 1000, 5950);
    expect(clock.now()).toBe(6000);
  });

  it("prefers the shortest round trip, until that is old", () => {
    const clock = new ServerClock(() => 0);
    clock.sample(0, 10, 105);
    clock.sample(100, 900, 5000);
    expect(clock.now()).toBe(100);
    clock.sample(400_000, 400_100, 400_550);
    expect(clock.now()).toBe(500);
  });
});
