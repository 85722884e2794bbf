import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { AudioSession } from '../audio/audio-call.net.js';
import type { UnicastHeaders } from '../audio/unicast.net.js';
import { api, sendMessage } from '../esl/esl-command.js';
import { note } from '../live/call-story.js';
import type { Talk } from './call-talk.net.js';
import { endConversation, type Conversation } from '../control/conversation.js';

/** A call's audio at FreeSWITCH. */
export interface Attaching {
  session: AudioSession;
  unicast: UnicastHeaders;
  /** The call is over. */
  over: AbortSignal;
  log: Logger;
  conversation: Conversation;
}

/** From `unicast` to FreeSWITCH's first frame, which comes every 20 ms whether the caller speaks or not. */
const ATTACHED_MS = 5_000;
/**
 * A FreeSWITCH that answers sends frames again within this time, if it stood still before: one packet and a half, of 60
 * ms.
 */
const SETTLED_MS = 90;
const LIVELY_MS = 150;
/** It takes a packet's time; a channel that reads packets of nobody's takes for ever. */
const PARKED_MS = 200;
const RENEGOTIATED_MS = 1_000;
const ATTACHED_AGAIN_MS = 1_000;
/** So often within a minute a call is attached again: a carrier that goes on like this is not understood. */
const MOST = 10;
const MINUTE_MS = 60_000;

const unicastCommand = (unicast: UnicastHeaders) =>
  sendMessage([['call-command', 'unicast'], ...Object.entries(unicast), ['flags', 'none']]);

/**
 * The channel is answered, so it has a codec: without one FreeSWITCH dies of `unicast`. It stays parked, because only
 * then is it served.
 */
export async function attach({ session, unicast, over, log, conversation }: Attaching, talk: Talk): Promise<void> {
  talk.send([unicastCommand(unicast)]);
  if ((await session.callerAudio(ATTACHED_MS)) || over.aborted) return;
  log.error("FreeSWITCH did not attach the call's audio");
  endConversation(conversation, 'audio-failed', new Date());
}

/**
 * What mends a call whose frames stop coming (ADR 0014). FreeSWITCH ends `unicast` whenever it sets the codec anew, and
 * the loop that serves it takes no second one: the channel is parked anew, over the same connection, and attached
 * again. A channel that does not even do that reads packets that are not its caller's: a new offer opens it for them.
 */
export function createAttacher(attaching: Attaching, talk: Talk): () => void {
  const { log } = attaching;
  let attempts: number[] = [];
  const withinLimit = (now: number): boolean => {
    attempts = [...attempts.filter((at) => now - at < MINUTE_MS), now];
    return attempts.length <= MOST;
  };
  return () => {
    attachAgain(attaching, talk, withinLimit).catch((error: unknown) => {
      log.error({ err: error }, "cannot attach the call's audio again");
    });
  };
}

async function attachAgain(
  { session, unicast, over, log, conversation }: Attaching,
  talk: Talk,
  withinLimit: (now: number) => boolean,
): Promise<void> {
  const {
    story,
    parties: { call_id: callId },
  } = conversation;
  const gone = (): boolean => over.aborted || story.intended !== undefined;
  const rtp = await talk.rtp(callId);
  await sleep(SETTLED_MS);
  if (gone()) return;
  // FreeSWITCH stood still, or this process: nothing is wrong with this call.
  if (rtp === undefined || session.quietMs() < LIVELY_MS) return session.lookAgain();
  const quietMs = Math.round(session.quietMs());
  note(
    story,
    new Date(),
    'audio-lost',
    `no frame from FreeSWITCH for ${quietMs} ms, after ${rtp.packetsIn} packets of the caller`,
  );
  session.detach();
  session.packetsOf(rtp.packetMs);
  const attached =
    withinLimit(performance.now()) &&
    (await parkedAgain(conversation, talk)) &&
    (await reached(session, talk, unicast));
  if (gone()) return;
  if (attached) return note(story, new Date(), 'audio-attached', null);
  log.error(
    { quiet_ms: quietMs, packets_in: rtp.packetsIn },
    "the call's audio was lost at FreeSWITCH and cannot be attached again",
  );
  endConversation(conversation, 'audio-lost', new Date());
  talk.kill(callId, 'NORMAL_TEMPORARY_FAILURE');
}

async function parkedAgain({ story, parties: { call_id: callId } }: Conversation, talk: Talk): Promise<boolean> {
  const parked = talk.park();
  if (await within(PARKED_MS, parked)) return true;
  note(story, new Date(), 'media-renegotiated', null);
  talk.send([api('uuid_media_reneg', callId)]);
  return within(RENEGOTIATED_MS, parked);
}

function reached(session: AudioSession, talk: Talk, unicast: UnicastHeaders): Promise<boolean> {
  talk.send([unicastCommand(unicast)]);
  return session.callerAudio(ATTACHED_AGAIN_MS);
}

const within = (ms: number, happened: Promise<boolean>): Promise<boolean> =>
  Promise.race([happened, sleep(ms, false, { ref: false })]);
