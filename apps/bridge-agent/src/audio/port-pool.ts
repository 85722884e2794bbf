/** Two neighbouring UDP ports on the loopback: the agent's, which is even, and FreeSWITCH's above it. */
export interface PortPair {
  readonly agent: number;
  readonly freeswitch: number;
}

export interface PortPool {
  /** Undefined when all are in use or held back. */
  take(now: number): PortPair | undefined;
  /** Holds the pair back for a while: a late packet of this call must never be played in the next one. */
  giveBack(pair: PortPair, now: number): void;
  readonly inUse: number;
  readonly size: number;
}

export interface PortPoolOptions {
  /** Both are part of the range. */
  first: number;
  last: number;
  holdBackMs: number;
  /**
   * In [0, 1): where in the range to begin. After a restart FreeSWITCH may still send audio of earlier calls for some
   * seconds: a random start makes a collision unlikely (a remaining one is detected when the ports are bound).
   */
  beginAt?: number;
}

/** The pair that has rested longest comes first. */
export function createPortPool({ first, last, holdBackMs, beginAt = 0 }: PortPoolOptions): PortPool {
  const pairs = pairsOf(first, last);
  const begin = Math.floor(beginAt * pairs.length);
  const resting = [...pairs.slice(begin), ...pairs.slice(0, begin)].map((pair) => ({ pair, until: -Infinity }));
  let inUse = 0;
  return {
    take(now) {
      const next = resting[0];
      if (!next || next.until > now) return undefined;
      resting.shift();
      inUse += 1;
      return next.pair;
    },
    giveBack(pair, now) {
      inUse -= 1;
      resting.push({ pair, until: now + holdBackMs });
    },
    get inUse() {
      return inUse;
    },
    size: pairs.length,
  };
}

function pairsOf(first: number, last: number): PortPair[] {
  const pairs: PortPair[] = [];
  for (let agent = first + (first % 2); agent + 1 <= last; agent += 2) pairs.push({ agent, freeswitch: agent + 1 });
  return pairs;
}
