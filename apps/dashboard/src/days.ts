/** Days of the organisation's time zone, for example `2026-11-28`; empty: no bound. */
export interface Days {
  from: string;
  to: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The API takes days of the organisation's zone. What is no date, as it may be in a URL, is left out. */
export function daysFilter({ from, to }: Days): { date_from?: string; date_to?: string } {
  return { ...(isDay(from) ? { date_from: from } : {}), ...(isDay(to) ? { date_to: to } : {}) };
}

function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00.000Z`);
  return DAY.test(text) && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}
