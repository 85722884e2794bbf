import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { AudioSession } from '../audio/audio-call.net.js';
import type { UnicastHeaders } from '../audio/unicast.net.js';
import { api, sendMessage, type EslCommand } from '../esl/esl-command.js';
import { note } from '../live/call-story.js';
import type { Talk } from './call-talk.net.js';
import { endConversation, type Conversation } from './conversation.js';

/** A call's audio at FreeSWITCH. */
export interface Attaching {
  session: AudioSession;
  unicast: UnicastHeaders;
  /** The call is over. */
  over: AbortSignal;
  log: Logger;
  conversation: Conversation;
}

/** The wait from `unicast` to FreeSWITCH's first frame. Frames come every 20 ms, also while the caller is silent. */
const ATTACHED_MS = 5_000;
/** A FreeSWITCH that stalled and answers again sends frames within this time: one and a half packets of 60 ms. */
const SETTLED_MS = 90;
const LIVELY_MS = 150;
/** Parking takes one packet time; it never finishes on a channel that waits for packets that do not come. */
const PARKED_MS = 200;
const RENEGOTIATED_MS = 1_000;
const ATTACHED_AGAIN_MS = 1_000;
/** How often a call is attached again within a minute; a carrier that causes more than that is not supported. */
const MAX_ATTEMPTS_A_MINUTE = 10;
const MINUTE_MS = 60_000;

/** A channel that got `unicast` before this connection sends its first frame within two packets of 60 ms. */
const ATTACHED_EARLY_MS = 150;

/** `channelId`: over a connection that is not the channel's own. */
export const unicastCommand = (unicast: UnicastHeaders, channelId?: string): EslCommand =>
  sendMessage([['call-command', 'unicast'], ...Object.entries(unicast), ['flags', 'none']], channelId);

/**
 * The channel is answered, so it has a codec: without one FreeSWITCH crashes on `unicast`. It stays parked, because
 * `unicast` is served only then. `early`: it was sent already; a second one changes nothing where the first arrived.
 */
export async function attach(attaching: Attaching, talk: Talk, early = false): Promise<void> {
  const { session, unicast, over, log, conversation } = attaching;
  if (early && ((await session.callerAudio(ATTACHED_EARLY_MS)) || over.aborted)) return;
  talk.send([unicastCommand(unicast)]);
  if ((await session.callerAudio(ATTACHED_MS)) || over.aborted) return;
  log.error("FreeSWITCH did not attach the call's audio");
  endConversation(conversation, 'audio-failed', new Date());
}

/**
 * Repairs a call whose frames stopped (ADR 0014). FreeSWITCH ends `unicast` whenever it sets the codec again, and the
 * loop that served it accepts no second one: so the channel is parked again, over the same connection, and attached
 * again. If parking fails, the channel expects packets from another address: a new offer makes it accept the caller's.
 */
export function createAttacher(attaching: Attaching, talk: Talk): () => void {
  const { log } = attaching;
  let attempts: number[] = [];
  const withinLimit = (now: number): boolean => {
    attempts = [...attempts.filter((at) => now - at < MINUTE_MS), now];
    return attempts.length <= MAX_ATTEMPTS_A_MINUTE;
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
  // FreeSWITCH or this process had stalled: nothing is wrong with this call.
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
