/** Times are milliseconds; an interval ends before `until`. */
export interface Interval {
  from: number;
  until: number;
}

export interface GatewayChange {
  bridge_id: string;
  at: number;
  /** False: the bridge had no gateway for the trunk, which is neither up nor down. */
  present: boolean;
  up: boolean;
}

export interface DayAvailability {
  up_seconds: number;
  down_seconds: number;
  unknown_seconds: number;
  /** Up as a part of what is known; null: nothing is known. */
  availability: number | null;
}

export interface AvailabilityFacts {
  /** In any order. */
  changes: readonly GatewayChange[];
  /** When each bridge was known to be there: only then its last word holds. */
  presence: ReadonlyMap<string, readonly Interval[]>;
}

/**
 * A trunk is up while at least one bridge has it up, down while at least one that is there has it down and none has it
 * up. Time of which no bridge knows anything is neither.
 */
export function availabilityOf(days: readonly Interval[], { changes, presence }: AvailabilityFacts): DayAvailability[] {
  const up: Interval[] = [];
  const known: Interval[] = [];
  for (const [bridge, own] of byBridge(changes)) {
    const there = presence.get(bridge) ?? [];
    for (const [index, change] of own.entries()) {
      if (!change.present) continue;
      const held = { from: change.at, until: own[index + 1]?.at ?? Infinity };
      const seen = there.flatMap((interval) => intersection(held, interval));
      known.push(...seen);
      if (change.up) up.push(...seen);
    }
  }
  const [allUp, allKnown] = [union(up), union(known)];
  return days.map((day) => dayOf(day, measure(allUp, day), measure(allKnown, day)));
}

function dayOf({ from, until }: Interval, up: number, known: number): DayAvailability {
  const seconds = (ms: number) => Math.round(ms / 1000);
  return {
    up_seconds: seconds(up),
    down_seconds: seconds(known - up),
    unknown_seconds: seconds(Math.max(until - from - known, 0)),
    availability: known === 0 ? null : Math.round((up / known) * 1e6) / 1e6,
  };
}

function byBridge(changes: readonly GatewayChange[]): Map<string, GatewayChange[]> {
  const bridges = new Map<string, GatewayChange[]>();
  for (const change of [...changes].sort((a, b) => a.at - b.at)) {
    const own = bridges.get(change.bridge_id) ?? [];
    own.push(change);
    bridges.set(change.bridge_id, own);
  }
  return bridges;
}

function intersection(a: Interval, b: Interval): Interval[] {
  const both = { from: Math.max(a.from, b.from), until: Math.min(a.until, b.until) };
  return both.from < both.until ? [both] : [];
}

/** Sorted, without overlaps. */
function union(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const { from, until } of [...intervals].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.until) last.until = Math.max(last.until, until);
    else merged.push({ from, until });
  }
  return merged;
}

const measure = (intervals: readonly Interval[], day: Interval): number =>
  intervals.reduce(
    (sum, interval) => intersection(interval, day).reduce((all, { from, until }) => all + until - from, sum),
    0,
  );
