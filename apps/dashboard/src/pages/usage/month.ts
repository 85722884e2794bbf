/** Months and days as an organisation's time zone has them. */

const parts = (instant: number, zone: string) =>
  Object.fromEntries(
    new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
      .formatToParts(new Date(instant))
      .map(({ type, value }) => [type, value]),
  ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', string>;

/** `2026-11` */
export function monthOf(instant: number, zone: string): string {
  const { year, month } = parts(instant, zone);
  return `${year}-${month}`;
}

const shifted = (month: string, by: number): string => {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
};

/** That month and those before it, the latest first. */
export const monthsUpTo = (month: string, many: number): string[] =>
  Array.from({ length: many }, (_none, index) => shifted(month, -index));

/** `November 2026` */
export const monthText = (month: string): string =>
  new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${month}-01T00:00:00Z`),
  );

/** The first and the last day. */
export const daysOf = (month: string): { from: string; to: string } => ({
  from: `${month}-01`,
  to: new Date(Date.parse(`${shifted(month, 1)}-01T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10),
});

/** How far the zone's clock is ahead of UTC at that instant, in milliseconds. */
function offsetAt(instant: number, zone: string): number {
  const { year, month, day, hour, minute, second } = parts(instant, zone);
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - Math.floor(instant / 1000) * 1000;
}

/** When a day begins. Where the clock is set at midnight, the offset after it counts. */
function beginningOf(day: string, zone: string): number {
  const asUtc = Date.parse(`${day}T00:00:00Z`);
  const near = asUtc - offsetAt(asUtc, zone);
  return asUtc - offsetAt(near, zone);
}

/** The month from its first to its last instant, for filters. */
export function instantsOf(month: string, zone: string): { date_from: string; date_to: string } {
  const next = beginningOf(`${shifted(month, 1)}-01`, zone);
  return {
    date_from: new Date(beginningOf(`${month}-01`, zone)).toISOString(),
    date_to: new Date(next - 1).toISOString(),
  };
}
