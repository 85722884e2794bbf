import type { Schemas } from '../../api/client.http.js';

type Gap = Schemas['UsageGap'];

/** Which records are missing: `call record 17`, `call records 17 to 19`. */
export const recordsText = ({ first, last }: Pick<Gap, 'first' | 'last'>): string =>
  first === last ? `call record ${first}` : `call records ${first} to ${last}`;

/** What becomes of them. */
export function outlookText({ requested, acceptance }: Pick<Gap, 'requested' | 'acceptance'>): string {
  if (acceptance !== null) return `accepted as lost by ${acceptance.accepted_by}: ${acceptance.reason}`;
  return requested
    ? 'The bridge is asked for them again; usage of that time is incomplete until they come.'
    : 'They are lost with the disk that they were on; usage of that time is incomplete until somebody accepts it.';
}
