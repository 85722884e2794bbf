import { AUDIO_ENDS, type AudioEnd } from '@trunkmesh/contracts/audio.js';
import type { CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import type { AudioEngine } from '../audio/audio-engine.io.js';
import type { AudioSession } from '../audio/audio-session.io.js';
import { sid } from '../audio/media-stream.js';
import type { UnicastHeaders } from '../audio/unicast.udp.js';
import { sendMessage } from '../esl/esl-command.js';
import type { AssistantSettings } from './assistant-settings.js';
import type { Route } from './call-events.js';
import type { Talk } from './call-talk.socket.js';
import type { LiveCalls } from './live-calls.registry.js';
import { prewarm } from './prewarm.http.js';
import { refuseCommands, refusedHere } from './refusal.js';

export interface AssistantPorts {
  settings: AssistantSettings;
  engine: Pick<AudioEngine, 'startAudio'>;
  /** Calls that talk, or are about to. */
  talks: Set<Talk>;
}

export interface Connecting {
  started: CallStarted;
  route: Route;
  live: Pick<LiveCalls, 'refused'>;
  logger: Logger;
}

/** A hang-up is carried out within milliseconds. */
const HANGUP_MS = 2_000;
/** From `unicast` to FreeSWITCH's first frame, which comes every 20 ms whether the caller speaks or not. */
const ATTACHED_MS = 5_000;

/**
 * Rings while the assistant is told and connected, and answers only when it hears: nobody pays for silence. Resolves when the answer or the refusal is on its way; the
 * conversation goes on until one of the two ends it.
 */
export async function connectToAssistant({ started, route, live, logger }: Connecting, talk: Talk, { settings, engine, talks }: AssistantPorts): Promise<void> {
  const { call_id: callId, from, to } = started.data;
  const callSid = sid('CA', callId);
  const log = logger.child({ call_id: callId });
  const over = new AbortController();
  talk.execute('ring_ready');
  if (settings.prewarmUrl !== undefined) {
    const target = route.target.kind === 'assistant' ? { assistant_id: route.target.id } : { flow_id: route.target.id };
    void prewarm({ url: settings.prewarmUrl, secret: settings.streamSecret, signal: over.signal, logger: log }, { call_sid: callSid, from_number: from, to_number: to, outbound: false, ...target });
  }
  const session = engine.startAudio({
    callSid, accountSid: sid('AC', route.organization_id), mediaUrl: settings.mediaUrl, signingSecret: settings.streamSecret, connectWithinMs: settings.answerDeadlineMs,
    parameters: { from, to, direction: 'inbound', target: route.target },
    // The operator wrote it into the environment.
    allowPrivateAddress: true,
    logger: log,
    onEnd: (reason) => { talk.hangUp(causeOf(reason)); },
  });
  talk.onDigit((digit) => { session.sendDtmf(digit); });
  talks.add(talk);
  talk.onEnd(() => {
    talks.delete(talk);
    over.abort();
    session.stop();
  });
  const outcome = await session.connected;
  if (over.signal.aborted) return;
  if (outcome.outcome === 'failed') {
    live.refused(callId, refusedHere(route, 'assistant-unavailable', `Refused: ${AUDIO_ENDS[outcome.reason]} (${outcome.reason}).`));
    return talk.send(refuseCommands('assistant-unavailable'));
  }
  talk.onAnswered(() => {
    endAfter(settings.maxCallSeconds, talk, log);
    void attach({ session, unicast: outcome.unicast, over: over.signal, log }, talk);
  });
  talk.execute('answer');
}

/**
 * Their audio ends with this process, so the calls do as well; FreeSWITCH would end them itself when their connections close, but their records shall have the end that it
 * tells.
 */
export async function endConversations(talks: ReadonlySet<Talk>): Promise<void> {
  await Promise.all([...talks].map((talk) => {
    talk.hangUp('NORMAL_TEMPORARY_FAILURE');
    return talk.ended(HANGUP_MS);
  }));
}

interface Attaching { session: AudioSession; unicast: UnicastHeaders; over: AbortSignal; log: Logger }

/** The channel is answered, so it has a codec: without one FreeSWITCH dies of `unicast`. It stays parked, because only then is it served. */
async function attach({ session, unicast, over, log }: Attaching, talk: Talk): Promise<void> {
  talk.send([sendMessage([['call-command', 'unicast'], ...Object.entries(unicast), ['flags', 'none']])]);
  if ((await session.callerAudio(ATTACHED_MS)) || over.aborted) return;
  log.error('FreeSWITCH did not attach the call\'s audio');
  talk.hangUp('NORMAL_TEMPORARY_FAILURE');
}

function endAfter(seconds: number, talk: Talk, log: Logger): void {
  const timer = setTimeout(() => {
    log.info({ max_call_seconds: seconds }, 'the call has reached its longest duration');
    talk.hangUp('ALLOTTED_TIMEOUT');
  }, seconds * 1_000);
  talk.onEnd(() => { clearTimeout(timer); });
}

const causeOf = (reason: AudioEnd): string => (reason === 'assistant-hung-up' ? 'NORMAL_CLEARING' : 'NORMAL_TEMPORARY_FAILURE');
