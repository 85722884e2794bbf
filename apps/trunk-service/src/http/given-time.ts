import { timestamp } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

/** A time as it was given: an instant (RFC 3339 in UTC, with milliseconds), or a day of a zone yet to be known. */
export type GivenTime = { at: string } | { day: string };

/** The two ends of a span of time, both optional and both in it. */
export interface GivenSpan {
  date_from?: GivenTime | undefined;
  date_to?: GivenTime | undefined;
}
export interface Span {
  date_from?: string | undefined;
  date_to?: string | undefined;
}

const PROBLEM =
  'must be a date such as 2026-11-26, or a time such as 2026-11-26T09:30:00Z; UTC where a time gives no zone';
const givenTime = z
  .string()
  .max(64)
  .transform((text, context) => {
    const given = readGivenTime(text);
    if (given === undefined) context.addIssue({ code: 'custom', message: PROBLEM });
    return given ?? z.NEVER;
  })
  .optional();

const DAYS_OF = "A date without a time means the whole day in the organisation's time zone";
/** What a filter's two ends say of themselves, after what they are the ends of. */
export const dateFrom = (what: string) => givenTime.describe(`${what} at this time or later. ${DAYS_OF}.`);
export const dateTo = (what: string) => givenTime.describe(`${what} at this time or earlier. ${DAYS_OF}.`);

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)(?:Z|([+ -])(\d{2}):?(\d{2}))?$/i;

/** Undefined: the text is no time. */
export function readGivenTime(text: string): GivenTime | undefined {
  if (DATE.test(text)) return z.iso.date().safeParse(text).success ? { day: text } : undefined;
  const [, date, clock, sign, hours, minutes] = DATE_TIME.exec(text) ?? [];
  if (date === undefined || !z.iso.date().safeParse(date).success) return undefined;
  const zone = sign === undefined ? 'Z' : `${sign === '-' ? '-' : '+'}${hours}:${minutes}`;
  const at = new Date(`${date}T${clock!.replace(',', '.')}${zone}`);
  return Number.isNaN(at.getTime()) || !isStorable(at) ? undefined : { at: at.toISOString() };
}

const isStorable = (at: Date): boolean => timestamp.safeParse(at.toISOString()).success;

/** Whether the zone decides what is meant. */
export const needsZone = ({ date_from, date_to }: GivenSpan): boolean =>
  [date_from, date_to].some((given) => given !== undefined && 'day' in given);

export function spanIn(timeZone: string, { date_from, date_to }: GivenSpan): Record<keyof Span, string | undefined> {
  const beginning = dayReader(timeZone);
  return {
    date_from: date_from && beginningOf(date_from, beginning),
    date_to: date_to && ('at' in date_to ? date_to.at : lastOf(date_to.day, beginning)),
  };
}

export const beginningOf = (given: GivenTime, beginning: ReadDay): string =>
  'at' in given ? given.at : storable(beginning(given.day));

/** The last millisecond before the next day: the days of summer time are not 24 hours long. */
function lastOf(day: string, beginning: ReadDay): string {
  const next = new Date(Date.parse(day) + DAY_MS);
  return storable(isStorable(next) ? beginning(next.toISOString().slice(0, 10)) - 1 : next.getTime() - 1);
}

const [FIRST, LAST] = ['0000-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'];
const storable = (time: number): string =>
  new Date(Math.min(Math.max(time, Date.parse(FIRST)), Date.parse(LAST))).toISOString();

/** The first moment of a day (`2026-11-26`), in milliseconds since the epoch. */
export type ReadDay = (day: string) => number;

const DAY_MS = 86_400_000;
const MOST_REMEMBERED = 1_000;

/**
 * Where summer time begins at midnight the day begins at one o'clock; where it ends then, after the hour that is twice.
 * Asking Intl costs microseconds, and a file has few different days.
 */
export function dayReader(timeZone: string): ReadDay {
  if (timeZone === 'UTC') return (day) => Date.parse(day);
  const clock = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const known = new Map<string, number>();
  return (day) => {
    const remembered = known.get(day);
    if (remembered !== undefined) return remembered;
    if (known.size >= MOST_REMEMBERED) known.clear();
    const found = firstMoment(Date.parse(day), (time) => offsetAt(clock, time));
    known.set(day, found);
    return found;
  };
}

/** By the offsets of the day before and the day after: the earlier moment at which that day has begun on the clock. */
function firstMoment(midnight: number, offset: (time: number) => number): number {
  const moments = [midnight - DAY_MS, midnight + DAY_MS].map((time) => midnight - offset(time)).sort((a, b) => a - b);
  return moments.find((time) => time + offset(time) >= midnight) ?? moments[1]!;
}

const OFFSET = /GMT(?:([+-])(\d{1,2}):?(\d{2})?(?::(\d{2}))?)?/;

function offsetAt(clock: Intl.DateTimeFormat, time: number): number {
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = OFFSET.exec(clock.format(time)) ?? [];
  return (sign === '-' ? -1000 : 1000) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds));
}
