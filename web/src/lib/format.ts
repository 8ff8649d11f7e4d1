/** Milliseconds as `m:ss`, never below zero, rounded up so that 0:00 means over. */
export function clockTime(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** An elapsed span as `m:ss`, rounded down. */
export const elapsedTime = (ms: number): string => clockTime(Math.floor(Math.max(0, ms) / 1000) * 1000);

export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
