import { AUDIO_ENDS } from '@trunkmesh/contracts/audio.js';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { AudioEngine } from '../audio/audio-engine.net.js';
import { sid } from '../audio/media-stream.js';
import type { Recordings } from '../recording/recordings.fs.js';
import { attach, createAttacher } from './attach.net.js';
import type { Route } from '../live/call-events.js';
import { endReasonOfAudio, note } from '../live/call-story.js';
import type { Talk } from './call-talk.net.js';
import type { CallTreatment, Destination, HeldSecret } from '../route/call-treatment.js';
import { endConversation, leaveConversation, type Conversation, type Conversations } from './conversation.js';
import { createDigitBudget } from './digit-budget.js';
import { createDigitSources } from './digit-sources.js';
import type { LiveCalls } from '../live/live-calls.net.js';
import { prewarm } from '../customer/prewarm.http.js';
import { refuseCommands, refusedHere } from '../live/refusal.js';

export interface AssistantPorts {
  engine: Pick<AudioEngine, 'startAudio'>;
  recordings: Pick<Recordings, 'begin'>;
  /**
   * The secret in plain text; an empty string if it cannot be decrypted, so that nothing is sent unsigned that should
   * be signed.
   */
  reveal: (secret: HeldSecret) => string;
}

export interface Connecting {
  started: CallStarted;
  route: Route;
  treatment: CallTreatment;
  conversation: Conversation;
  live: Pick<LiveCalls, 'refused' | 'ringing'>;
  logger: Logger;
}

/** A hang-up is carried out within milliseconds. */
const HANGUP_MS = 2_000;

/**
 * Rings while the assistant is prewarmed and connected, and answers only once it listens: nobody pays for silence.
 * Resolves when the answer or the refusal is sent; the conversation continues until one of the two ends it.
 */
export async function connectToAssistant(
  call: Connecting & { media: Destination },
  talk: Talk,
  ports: AssistantPorts,
): Promise<void> {
  const { started, route, treatment, conversation, live, logger, media } = call;
  const { call_id: callId, from, to, caller_withheld: callerWithheld } = started.data;
  const { story } = conversation;
  conversation.talking = true;
  const log = logger.child({ call_id: callId });
  const over = new AbortController();
  let attachAgain: () => void = () => undefined;
  talk.execute('ring_ready');
  live.ringing(callId, new Date());
  if (treatment.prewarm !== undefined) void tell({ ...call, over: over.signal, log }, treatment.prewarm, ports);
  const session = ports.engine.startAudio({
    callSid: callSid(callId),
    accountSid: sid('AC', route.organization_id),
    mediaUrl: media.url,
    signingSecret: media.secret && ports.reveal(media.secret),
    connectWithinMs: treatment.answerDeadlineMs,
    parameters: { from, to, callerWithheld, direction: 'inbound', target: route.target },
    allowPrivateAddress: media.allowPrivate,
    logger: log,
    onStream: (what) => {
      note(story, new Date(), `stream-${what}`);
    },
    onDigits: sendDigits(conversation),
    onSilent: () => {
      attachAgain();
    },
    onEnd: (reason) => {
      leaveConversation(conversation, endReasonOfAudio(reason), new Date());
    },
  });
  const isNew = createDigitSources();
  talk.onDigit((digit, source) => {
    if (isNew(digit, source, performance.now()) && session.sendDtmf(digit)) note(story, new Date(), 'digit-pressed');
  });
  // Before the call's end is published: the call record contains the audio log.
  talk.beforeEnd(() => {
    over.abort();
    story.audio = session.stop();
  });
  const outcome = await session.connected;
  if (over.signal.aborted) return;
  if (outcome.outcome === 'failed') {
    note(story, new Date(), 'stream-failed', `${outcome.reason}: ${outcome.detail}`);
    live.refused(
      callId,
      refusedHere(route, 'assistant-unavailable', `Refused: ${AUDIO_ENDS[outcome.reason].text} (${outcome.reason}).`),
    );
    return talk.send(refuseCommands('assistant-unavailable'));
  }
  talk.onAnswered((event) => {
    conversation.answered = true;
    endAfter(treatment.maxCallSeconds, conversation);
    const attaching = { session, unicast: outcome.unicast, over: over.signal, log, conversation };
    session.packetsOf(Number(event.headers.get('variable_rtp_use_codec_ptime') ?? 20));
    talk.onCodec(() => {
      session.doubt();
    });
    attachAgain = createAttacher(attaching, talk);
    void attach(attaching, talk);
    if (treatment.record) void record(call, talk, ports);
  });
  talk.execute('answer');
}

/** Runs while it rings, beside everything else: a call works without it. */
async function tell(
  { started, route, conversation: { story }, over, log }: Connecting & { over: AbortSignal; log: Logger },
  { url, secret, allowPrivate }: Destination,
  { reveal }: AssistantPorts,
): Promise<void> {
  const { call_id: callId, from, to, caller_withheld } = started.data;
  const target = route.target.kind === 'assistant' ? { assistant_id: route.target.id } : { flow_id: route.target.id };
  const sentAt = performance.now();
  note(story, new Date(), 'prewarm-sent');
  // Before the call's end is published: the call record contains it.
  over.addEventListener(
    'abort',
    () => {
      story.prewarm ??= { outcome: 'given-up', ms: Math.round(performance.now() - sentAt), detail: null };
    },
    { once: true },
  );
  story.prewarm = await prewarm(
    { url, secret: secret && reveal(secret), allowPrivate, signal: over, logger: log },
    {
      call_sid: callSid(callId),
      from_number: from,
      to_number: to,
      outbound: false,
      ...target,
      ...(caller_withheld === true ? { caller_withheld } : {}),
    },
  );
  note(story, new Date(), `prewarm-${story.prewarm.outcome}`, story.prewarm.detail);
}

/**
 * Started only now, because an unanswered call has no recording. A call that cannot be recorded continues without, and
 * its call record has the reason.
 */
async function record(
  { conversation: { story, parties } }: Connecting,
  talk: Talk,
  { recordings }: AssistantPorts,
): Promise<void> {
  const order = await recordings.begin(parties);
  if (typeof order === 'string') {
    note(story, new Date(), 'recording-refused', order);
    story.recording = { state: 'failed', location: '', bytes: null, duration_ms: null, detail: order };
    return;
  }
  note(story, new Date(), 'recording-started');
  story.recording = order.recording;
  talk.send(order.commands);
}

/** A limit, because each digit is a command on the event socket. */
function sendDigits({ channel, story }: Conversation): (digits: string) => void {
  const budget = createDigitBudget(performance.now());
  return (digits) => {
    if (!budget.spend(digits.length, performance.now()))
      return note(story, new Date(), 'digits-refused', 'more than ten a second');
    channel.execute('send_dtmf', digits);
    note(story, new Date(), 'digits-sent', `${digits.length}`);
  };
}

/**
 * Their audio ends with this process, so the calls end too. FreeSWITCH would end them when their connections close, but
 * the call records should have the real end.
 */
export async function endConversations(conversations: Conversations): Promise<void> {
  await Promise.all(
    [...conversations.values()]
      .filter(({ talking }) => talking)
      .map((conversation) => {
        endConversation(conversation, 'bridge-stopped', new Date());
        return conversation.channel.ended(HANGUP_MS);
      }),
  );
}

function endAfter(seconds: number, conversation: Conversation): void {
  const timer = setTimeout(() => {
    endConversation(conversation, 'max-duration-reached', new Date());
  }, seconds * 1_000);
  conversation.channel.onEnd(() => {
    clearTimeout(timer);
  });
}
