/** Days of the organisation's time zone, for example `2026-11-28`; empty: no bound. */
export interface Days {
  from: string;
  to: string;
}

/** The day that it is at a moment in a zone; with a zone that the browser does not know, in UTC. */
export function dayIn(timeZone: string, at: Date): string {
  // Sweden writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone: isZone(timeZone) ? timeZone : 'UTC' }).format(at);
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
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
