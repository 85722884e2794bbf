import type { Socket } from 'node:net';
import { Talk } from '../call/call-talk.net.js';
import { refuseCommands, type TurnedAway } from '../live/refusal.js';

const SETTLED_MS = 5_000;

/**
 * Rejects a call with 503 because there is no room for it. The rejection is explicit: if the connection were only
 * closed before `connect`, FreeSWITCH would not answer the caller for minutes.
 */
export async function turnAway(socket: Socket, reason: TurnedAway): Promise<void> {
  const talk = new Talk(socket);
  await talk.begin();
  talk.send(refuseCommands(reason));
  await talk.ended(SETTLED_MS);
  talk.close();
}
