import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../http/page.js';

/** Where an entry stands among all: its time to the microsecond, then its place in its table. */
export interface HistoryPlace {
  at: string;
  position: string;
}

/** A cursor is its holder's to change; what is no time or position is before all of them. */
export function placeOf(cursor: string | undefined): HistoryPlace | undefined {
  const decoded = decodeCursor(cursor, ['string', 'string']);
  if (decoded === undefined) return undefined;
  const [at, position] = decoded;
  return {
    at: z.iso.datetime().safeParse(at).success ? at : '1970-01-01T00:00:00.000Z',
    position: /^\d{1,18}$/.test(position) ? position : '0',
  };
}

export const cursorOf = ({ at, position }: HistoryPlace): string => encodeCursor([at, position]);

/** Newest first. */
export const byPlace = (a: HistoryPlace, b: HistoryPlace): number =>
  a.at === b.at ? Number(BigInt(b.position) - BigInt(a.position)) : a.at < b.at ? 1 : -1;
