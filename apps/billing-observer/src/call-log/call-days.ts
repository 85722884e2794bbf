/** A day in UTC, as `2026-11-26`, and how many of the calls that are looked for began on it. */
export interface CountedDay {
  day: string;
  calls: number;
}

/** From the beginning of one day (null: the first) to the beginning of another (null: there is no later one). */
export interface Stretch {
  from: string | null;
  to: string | null;
  /** Undefined: not counted yet. */
  calls: number | undefined;
}

export type CountedStretch = Stretch & { calls: number };

const DAY_MS = 86_400_000;

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
export const dayAfter = (day: string): string => dayOf(Date.parse(day) + DAY_MS);
export const dayBefore = (day: string): string => dayOf(Date.parse(day) - DAY_MS);
export const beginningOf = (day: string): string => `${day}T00:00:00.000Z`;

/** All of time, newest first. `days` are in ascending order; what lies between them is not counted. */
export function stretchesOf(days: readonly CountedDay[]): Stretch[] {
  const stretches: Stretch[] = [];
  let to: string | null = null;
  for (const { day, calls } of [...days].reverse()) {
    const next = dayAfter(day);
    if (next !== to) stretches.push({ from: next, to, calls: undefined });
    stretches.push({ from: day, to: next, calls });
    to = day;
  }
  return [...stretches, { from: null, to, calls: undefined }];
}

/** The days that lie wholly within two times, both of them included. */
export function wholeDays<Day extends { day: string }>(
  days: readonly Day[],
  { date_from, date_to }: { date_from?: string | undefined; date_to?: string | undefined },
): Day[] {
  return days.filter(
    ({ day }) =>
      (date_from === undefined || date_from <= beginningOf(day)) &&
      (date_to === undefined || date_to >= `${day}T23:59:59.999Z`),
  );
}

export interface Place {
  /** Newest first; only those that have calls of the page, and none that touch each other. */
  ranges: Pick<Stretch, 'from' | 'to'>[];
  /** How many calls of the ranges are before the page. */
  skip: number;
}

/** Where the page is. `stretches`: newest first. */
export function placeOf(stretches: readonly CountedStretch[], { skip, limit }: { skip: number; limit: number }): Place {
  const ranges: Place['ranges'] = [];
  let [before, passed] = [0, 0];
  for (const { from, to, calls } of stretches) {
    if (before >= skip + limit) break;
    before += calls;
    if (calls === 0) continue;
    if (before <= skip) {
      passed = before;
      continue;
    }
    const last = ranges.at(-1);
    if (last !== undefined && last.from === to) last.from = from;
    else ranges.push({ from, to });
  }
  return { ranges, skip: skip - passed };
}
