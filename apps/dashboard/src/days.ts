/** Days in the viewer's zone, for example `2026-11-28`; empty: no bound. */
export interface Days {
  from: string;
  to: string;
}

/**
 * The instants of whole days in the viewer's zone; the API would take days of the organisation's zone. What is no date
 * is left out.
 */
export function daysFilter({ from, to }: Days): { date_from?: string; date_to?: string } {
  const begin = instantOf(`${from}T00:00:00.000`);
  const end = instantOf(`${to}T23:59:59.999`);
  return { ...(begin === undefined ? {} : { date_from: begin }), ...(end === undefined ? {} : { date_to: end }) };
}

function instantOf(local: string): string | undefined {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
