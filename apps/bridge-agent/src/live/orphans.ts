import { channelRows, isChannelId } from './channel-rows.js';

/** How to recognise orphans among FreeSWITCH's channels. */
export interface Search {
  /** The address that FreeSWITCH's dialplan connects to, `host:port`. */
  callSocket: string;
  /** A younger channel may still be connecting to us. */
  olderThan: Date;
  /** Whether this process has the call. */
  isHeld: (callId: string) => boolean;
}

/**
 * Calls that wait for a process that exited before it sent `connect`: FreeSWITCH (1.11.3-dev) keeps them parked in its
 * `socket` application and sends the caller nothing. `text` is the reply to `show channels as json`.
 */
export function orphansIn(text: string, { callSocket, olderThan, isHeld }: Search): string[] {
  return channelRows(text)
    .filter(
      (row) =>
        row['direction'] === 'inbound' &&
        row['application'] === 'socket' &&
        String(row['application_data']).startsWith(`${callSocket} `) &&
        row['callstate'] !== 'ACTIVE',
    )
    .filter((row) => Number(row['created_epoch']) * 1_000 < olderThan.getTime())
    .map((row) => String(row['uuid']))
    .filter((callId) => isChannelId(callId) && !isHeld(callId));
}
