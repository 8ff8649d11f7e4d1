/** Reads JSON from a browser storage; null when there is none, it is broken, or storage is refused. */
export function load<T>(storage: () => Storage, key: string): T | null {
  try {
    const raw = storage().getItem(key);
    return raw === null ? null : (JSON.parse(raw) as T);
  } catch {
    return null;
  }
}

/** Writes JSON; `null` removes. A full or refused storage is not an error: it only costs comfort. */
export function store(storage: () => Storage, key: string, value: unknown): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
  } catch {
    // Comfort only.
  }
}

export const session = () => window.sessionStorage;
export const local = () => window.localStorage;
