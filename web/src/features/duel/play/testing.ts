/** The connection of this page to a server that a test plays. */
export const world = {
  handlers: new Map<string, (payload: unknown) => void>(),
  asked: [] as Array<[event: string, payload: Record<string, unknown>]>,
  answer: (_event: string, _payload: Record<string, unknown>): unknown => null,
  link: (_now: { link: string }, _before: { link: string }): void => {},
};

/** What stands for `@/lib/connection`. */
export const connection = {
  ask: async (event: string, payload: Record<string, unknown>) => {
    world.asked.push([event, payload]);
    return world.answer(event, payload);
  },
  listen: (event: string, handler: (payload: unknown) => void) => {
    world.handlers.set(event, handler);
    return () => world.handlers.delete(event);
  },
  settle: () => {},
  useLink: {
    getState: () => ({ link: "online" }),
    subscribe: (heard: typeof world.link) => {
      world.link = heard;
      return () => {};
    },
  },
};

/** A tab's session storage: an empty one for each test. */
export class Storage {
  private readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => this.items.set(key, value);
  removeItem = (key: string) => this.items.delete(key);
}
