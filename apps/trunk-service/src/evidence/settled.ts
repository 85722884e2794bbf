/** What was looked at lately and need not be looked at again for a while, so that a busy address costs nothing. */
export interface Settled {
  has(key: string, now: number): boolean;
  add(key: string, until: number): void;
}

const MAX_KEYS = 50_000;

export function settled(): Settled {
  const known = new Map<string, number>();
  return {
    has: (key, now) => (known.get(key) ?? 0) > now,
    add: (key, until) => {
      if (known.size >= MAX_KEYS) known.clear();
      known.set(key, until);
    },
  };
}
