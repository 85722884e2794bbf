export const ORGANIZATIONS = ['a', 'b', 'c', 'd'].map((last) => `0190a5b2-7c00-7000-8000-0000000000a${last}`);
/** The third has no rate plan. */
export const RATED = ORGANIZATIONS.filter((_id, index) => index !== 2);

interface Zone {
  name: string;
  organization: string;
  /** Minutes ahead of UTC from each of these moments on, as the almanac has them. */
  offsets: readonly (readonly [from: string, minutes: number])[];
}

/** Half an hour off the whole hours, so that a day is none of UTC's. */
const KOLKATA: Zone = {
  name: 'Asia/Kolkata',
  organization: ORGANIZATIONS[1]!,
  offsets: [['2026-01-01T00:00:00Z', 330]],
};
/** 8 March has no midnight; 1 November has two, so November begins an hour before standard time does. */
export const HAVANA: Zone = {
  name: 'America/Havana',
  organization: ORGANIZATIONS[3]!,
  offsets: [
    ['2026-01-01T00:00:00Z', -300],
    ['2026-03-08T05:00:00Z', -240],
    ['2026-11-01T05:00:00Z', -300],
  ],
};
export const ZONES: readonly Zone[] = [KOLKATA, HAVANA];
export const HAVANA_CHANGES = HAVANA.offsets.slice(1).map(([from]) => Date.parse(from));

const UTC: Zone['offsets'] = [['1970-01-01T00:00:00Z', 0]];
const offsetsOf = (organization: string) => ZONES.find((zone) => zone.organization === organization)?.offsets ?? UTC;

/** `yyyy-mm-dd` where this organisation is. */
export function dayOf(organization: string, time: number): string {
  const minutes = offsetsOf(organization).findLast(([from]) => Date.parse(from) <= time)![1];
  return new Date(time + minutes * 60_000).toISOString().slice(0, 10);
}

/** The first moment of a month (`yyyy-mm`) where this organisation is. */
export function beginOf(organization: string, month: string): number {
  const begins = (time: number) =>
    dayOf(organization, time).startsWith(month) && !dayOf(organization, time - 1).startsWith(month);
  const midnights = offsetsOf(organization).map(
    ([, minutes]) => Date.parse(`${month}-01T00:00:00Z`) - minutes * 60_000,
  );
  return midnights.sort((a, b) => a - b).find(begins)!;
}

export function monthAfter(month: string): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7);
}
