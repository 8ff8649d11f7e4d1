import { useEffect, useState } from "react";

/** How long an estimate may be improved upon only by a shorter round trip. */
const FRESH_MS = 5 * 60_000;

/** The server's clock as seen from here: the offset of the sample with the shortest round trip. */
export class ServerClock {
  private offset = 0;
  private roundTrip = Number.POSITIVE_INFINITY;
  private sampledAt = 0;

  constructor(private readonly local: () => number = Date.now) {}

  /** One exchange: local times of question and answer, and the server's time in between. */
  sample(askedAt: number, answeredAt: number, serverTime: number): void {
    const roundTrip = answeredAt - askedAt;
    if (roundTrip > this.roundTrip && answeredAt - this.sampledAt < FRESH_MS) return;
    this.roundTrip = roundTrip;
    this.sampledAt = answeredAt;
    this.offset = serverTime - (askedAt + answeredAt) / 2;
  }

  now(): number {
    return this.at(this.local());
  }

  /** The server's time at a local time. */
  at(local: number): number {
    return local + this.offset;
  }
}

export const serverClock = new ServerClock();

/** The server's time, anew every `stepMs`; `null` as step stands still. */
export function useServerNow(stepMs: number | null): number {
  const [now, setNow] = useState(() => serverClock.now());
  useEffect(() => {
    if (stepMs === null) return;
    setNow(serverClock.now());
    const timer = setInterval(() => setNow(serverClock.now()), stepMs);
    return () => clearInterval(timer);
  }, [stepMs]);
  return now;
}
