import type { Socket } from 'node:net';
import { Talk } from './call-talk.net.js';
import { refuseCommands, type TurnedAway } from '../live/refusal.js';

const SETTLED_MS = 5_000;

/**
 * "Try again" to a caller for whom there is no room. In words: of a connection that is just closed before `connect`
 * FreeSWITCH tells the caller nothing, for minutes.
 */
export async function turnAway(socket: Socket, reason: TurnedAway): Promise<void> {
  const talk = new Talk(socket);
  await talk.begin();
  talk.send(refuseCommands(reason));
  await talk.ended(SETTLED_MS);
  talk.close();
}
