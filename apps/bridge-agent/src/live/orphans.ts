/** How orphans are told from all other channels of FreeSWITCH. */
export interface Search {
  /** Where FreeSWITCH's dialplan connects to, `host:port`. */
  callSocket: string;
  /** A younger one may be on its way to us. */
  olderThan: Date;
  /** The call is one that this process has. */
  isHeld: (callId: string) => boolean;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * Calls that wait for a program that died before it said `connect`: FreeSWITCH (1.11.3-dev) has them parked in its
 * `socket` application and tells the caller nothing, for as long as that waits. `text`: what `show channels as json`
 * answers, from outside.
 */
export function orphansIn(text: string, { callSocket, olderThan, isHeld }: Search): string[] {
  return rowsOf(text)
    .filter(
      (row) =>
        row['direction'] === 'inbound' &&
        row['application'] === 'socket' &&
        String(row['application_data']).startsWith(`${callSocket} `) &&
        row['callstate'] !== 'ACTIVE',
    )
    .filter((row) => Number(row['created_epoch']) * 1_000 < olderThan.getTime())
    .map((row) => String(row['uuid']))
    .filter((callId) => UUID.test(callId) && !isHeld(callId));
}

function rowsOf(text: string): Record<string, unknown>[] {
  try {
    const { rows } = JSON.parse(text) as { rows?: unknown };
    return Array.isArray(rows)
      ? rows.filter((row): row is Record<string, unknown> => typeof row === 'object' && row !== null)
      : [];
  } catch {
    return [];
  }
}
