import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { CallStarted } from '@trunkmesh/contracts/call.js';
import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { AudioSession } from '../audio/audio-call.net.js';
import type { AudioEngine } from '../audio/audio-engine.net.js';
import { sid } from '../audio/media-stream.js';
import type { UnicastHeaders } from '../audio/unicast.net.js';
import type { EslEvent } from '../esl/esl-event.js';
import type { Recordings } from '../recording/recordings.fs.js';
import type { EslCommand } from '../esl/esl-command.js';
import { attach, createAttacher, unicastCommand } from './attach.net.js';
import type { Route } from '../live/call-events.js';
import { endReasonOfAudio, note } from '../live/call-story.js';
import type { Talk } from './call-talk.net.js';
import type { CallTreatment, Destination, HeldSecret } from '../route/call-treatment.js';
import { endConversation, leaveConversation, type Conversation, type Conversations } from './conversation.js';
import { createDigitBudget } from './digit-budget.js';
import { createDigitSources } from './digit-sources.js';
import { prewarm } from '../customer/prewarm.http.js';
import { sampleQuality } from './quality-samples.net.js';

export interface AssistantPorts {
  engine: Pick<AudioEngine, 'startAudio'>;
  recordings: Pick<Recordings, 'begin'>;
  /**
   * The secret in plain text; an empty string if it cannot be decrypted, so that nothing is sent unsigned that should
   * be signed.
   */
  reveal: (secret: HeldSecret) => string;
}

/** What whoever started an outbound call gives the assistant. */
export type GivenTexts = Pick<OriginateRequest, 'welcome_message' | 'agenda' | 'variables'>;

/** A call that gets an assistant. */
export interface AssistedCall {
  started: CallStarted;
  organizationId: string;
  target: Route['target'];
  treatment: CallTreatment;
  media: Destination;
  conversation: Conversation;
  /** Absent for an inbound call. */
  given?: GivenTexts;
  /** Its audio flows. */
  onAttached?: () => void;
  logger: Logger;
}

/** A hang-up is carried out within milliseconds. */
const HANGUP_MS = 2_000;

/**
 * One call's assistant: prewarmed from the start, connected while the call rings, and in conversation once it is
 * answered. It leaves with the call.
 */
export class CallAssistant {
  private session: AudioSession | undefined;
  private readonly ended = new AbortController();
  private readonly log: Logger;
  private attachAgain: (() => void) | undefined;
  private unicast: UnicastHeaders | undefined;
  private attachedEarly = false;

  constructor(
    private readonly call: AssistedCall,
    private readonly channel: Pick<Talk, 'beforeEnd' | 'onDigit'>,
    private readonly ports: AssistantPorts,
  ) {
    const { started, treatment, conversation, logger } = call;
    conversation.talking = true;
    this.log = logger.child({ call_id: started.data.call_id });
    if (treatment.prewarm !== undefined) void this.prewarm(treatment.prewarm);
    // Before the call's end is published: the call record contains the audio log.
    channel.beforeEnd((hangup) => {
      this.ended.abort();
      conversation.story.audio = this.session?.stop() ?? null;
      conversation.story.qualityCourse = conversation.quality?.end(hangup) ?? null;
    });
  }

  /** Connects its stream, once. Settles when it listens, or cannot be connected. */
  connect(): AudioSession['connected'] {
    if (this.session !== undefined) return this.session.connected;
    this.session = this.startAudio();
    this.passDigits(this.session);
    void this.session.connected.then((connected) => {
      if (connected.outcome === 'connected') this.unicast = connected.unicast;
    });
    return this.session.connected;
  }

  /** Attaches the audio of a channel that was answered, before FreeSWITCH connects for it. Undefined: no stream yet. */
  attachEarly(channelId: string): EslCommand | undefined {
    if (this.unicast === undefined) return undefined;
    this.attachedEarly = true;
    return unicastCommand(this.unicast, channelId);
  }

  /** The call is over. */
  get over(): AbortSignal {
    return this.ended.signal;
  }

  /** The call is answered, with these headers, and the stream connected: its audio goes to the assistant and back. */
  converse(unicast: UnicastHeaders, headers: EslEvent['headers'], talk: Talk): void {
    const { treatment, conversation } = this.call;
    const { session, log } = this;
    if (session === undefined) return;
    conversation.answered = true;
    endAfter(treatment.maxCallSeconds, conversation);
    const attaching = { session, unicast, over: this.over, log, conversation };
    session.packetsOf(Number(headers.get('variable_rtp_use_codec_ptime') ?? 20));
    talk.onCodec(() => {
      session.doubt();
    });
    this.attachAgain = createAttacher(attaching, talk);
    void attach(attaching, talk, this.attachedEarly).then(() => {
      this.call.onAttached?.();
      if (!this.over.aborted) conversation.quality = sampleQuality(talk, headers, session);
    });
    if (treatment.record) void record(conversation, talk, this.ports);
  }

  private startAudio(): AudioSession {
    const { started, organizationId, target, treatment, media, conversation, given } = this.call;
    const { call_id: callId, from, to, caller_withheld: callerWithheld, direction } = started.data;
    return this.ports.engine.startAudio({
      callSid: callSid(callId),
      accountSid: sid('AC', organizationId),
      mediaUrl: media.url,
      signingSecret: media.secret && this.ports.reveal(media.secret),
      connectWithinMs: treatment.answerDeadlineMs,
      parameters: { from, to, callerWithheld, direction, target, ...streamParameters(given) },
      allowPrivateAddress: media.allowPrivate,
      logger: this.log,
      onStream: (what) => {
        note(conversation.story, new Date(), `stream-${what}`);
      },
      onDigits: sendDigits(conversation),
      onSilent: () => {
        this.attachAgain?.();
      },
      onEnd: (reason) => {
        leaveConversation(conversation, endReasonOfAudio(reason), new Date());
      },
    });
  }

  private passDigits(session: AudioSession): void {
    const { story } = this.call.conversation;
    const isNew = createDigitSources();
    this.channel.onDigit((digit, source) => {
      if (isNew(digit, source, performance.now()) && session.sendDtmf(digit)) note(story, new Date(), 'digit-pressed');
    });
  }

  /** Runs while it rings, beside everything else: a call works without it. */
  private async prewarm({ url, secret, allowPrivate }: Destination): Promise<void> {
    const { started, target, conversation, given } = this.call;
    const { story } = conversation;
    const { call_id: callId, from, to, caller_withheld, direction } = started.data;
    const sentAt = performance.now();
    note(story, new Date(), 'prewarm-sent');
    // Before the call's end is published: the call record contains it.
    this.over.addEventListener(
      'abort',
      () => {
        story.prewarm ??= { outcome: 'given-up', ms: Math.round(performance.now() - sentAt), detail: null };
      },
      { once: true },
    );
    story.prewarm = await prewarm(
      { url, secret: secret && this.ports.reveal(secret), allowPrivate, signal: this.over, logger: this.log },
      {
        call_sid: callSid(callId),
        from_number: from,
        to_number: to,
        outbound: direction === 'outbound',
        ...(target.kind === 'assistant' ? { assistant_id: target.id } : { flow_id: target.id }),
        ...(caller_withheld === true ? { caller_withheld } : {}),
        ...given,
      },
    );
    note(story, new Date(), `prewarm-${story.prewarm.outcome}`, story.prewarm.detail);
  }
}

const streamParameters = ({ welcome_message, agenda, variables }: GivenTexts = {}) => ({
  ...(welcome_message === undefined ? {} : { welcomeMessage: welcome_message }),
  ...(agenda === undefined ? {} : { agenda }),
  ...(variables === undefined
    ? {}
    : { variables: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)])) }),
});

/**
 * Started only now, because an unanswered call has no recording. A call that cannot be recorded continues without, and
 * its call record has the reason.
 */
async function record({ story, parties }: Conversation, talk: Talk, { recordings }: AssistantPorts): Promise<void> {
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

/** The call may last so long from now on. */
export function endAfter(seconds: number, conversation: Conversation): void {
  const timer = setTimeout(() => {
    endConversation(conversation, 'max-duration-reached', new Date());
  }, seconds * 1_000);
  conversation.channel.onEnd(() => {
    clearTimeout(timer);
  });
}
