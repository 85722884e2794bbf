import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type { CallAttempt } from '@trunkmesh/contracts/call-parts.js';
import type { ContinuedCall, OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { CallStarted } from '@trunkmesh/contracts/call.js';
import { beginCall, type BegunCall } from '../call/begin-call.net.js';
import { CallAssistant, endAfter, type GivenTexts } from '../call/call-assistant.net.js';
import type { CallParts } from '../call/call-parts.net.js';
import type { Talk } from '../call/call-talk.net.js';
import { endConversation } from '../call/conversation.js';
import type { EslHeaders } from '../esl/esl-frame.js';
import { note } from '../live/call-story.js';
import { neverUp, type HangupFacts } from '../live/hangup-facts.js';
import { callTreatment, type CustomerSettings } from '../route/call-treatment.js';
import { endReasonOfFailure } from './attempt-outcome.js';
import { DialledChannel } from './dialled-channel.net.js';
import { TrunkAttempts, type AttemptPorts } from './trunk-attempts.net.js';
import type { Tried } from './tried.js';

/** What an outbound call needs from the rest of the agent. */
export type OutboundCallPorts = CallParts & AttemptPorts;

/** From FreeSWITCH's "answered" to its connection for the call: milliseconds. */
const CONNECTED_MS = 5_000;

/** One outbound call from its request to its end. */
export class OutboundCall {
  readonly channel = new DialledChannel();
  private readonly begun: BegunCall;
  private readonly assistant: CallAssistant | undefined;
  private readonly attempts: TrunkAttempts;
  private readonly givenUp = new AbortController();
  private readonly maxCallSeconds: number;

  constructor(
    readonly request: OriginateRequest,
    { started, settings }: { started: CallStarted; settings: CustomerSettings },
    private readonly ports: OutboundCallPorts,
  ) {
    const { mesh, logger, dialling } = ports;
    const { organization_id: organizationId, continued } = request;
    const before = continued === undefined ? {} : { continued: storySoFar(continued) };
    this.begun = beginCall({ started, organizationId, trunkId: () => this.trunk, ...before }, this.channel, ports);
    const { conversation } = this.begun;
    const story = Object.assign(conversation.story, { attempts: [...(continued?.attempts ?? [])] as CallAttempt[] });
    this.attempts = new TrunkAttempts(
      {
        ...{ request, story, startedAt: started.data.started_at, givenUp: this.givenUp.signal },
        onRinging: () => this.connectAssistant(),
        onAnswer: () => this.attachEarly(),
      },
      ports,
    );
    this.channel.onGiveUp((cause) => {
      this.givenUp.abort();
      dialling.cancel(request.call_id, cause);
    });
    const treatment = callTreatment(settings, mesh);
    const { media } = treatment;
    this.maxCallSeconds = Math.min(treatment.maxCallSeconds, request.max_call_seconds ?? Infinity);
    if (media === undefined) return;
    const onAttached = () => ports.callerBuffer.fill(request.call_id);
    const called = { started, organizationId, target: request.target, conversation, logger, onAttached };
    this.assistant = new CallAssistant(
      {
        ...called,
        treatment: { ...treatment, maxCallSeconds: this.maxCallSeconds },
        media,
        given: givenTexts(request),
      },
      this.channel,
      ports,
    );
  }

  /** False: neither the disk nor JetStream can record it, so it must not be dialled. */
  get recordable(): Promise<boolean> {
    return this.begun.recordable;
  }

  /** The trunk of its latest attempt. */
  get trunk(): string {
    return this.attempts.trunk;
  }

  /** Settles when the call is answered, or over. Never rejects. */
  async run(): Promise<void> {
    const { logger, dialling } = this.ports;
    try {
      if (!(await this.recordable)) return this.end('bridge-stopped', neverUp('NORMAL_TEMPORARY_FAILURE', new Date()));
      if (this.request.continued?.closes === true)
        return this.end('bridge-stopped', neverUp('NORMAL_TEMPORARY_FAILURE', new Date()));
      this.tried(await this.attempts.run());
    } catch (error) {
      logger.error({ err: error, call_id: this.request.call_id }, 'cannot place an outbound call');
      dialling.cancel(this.request.call_id, 'NORMAL_TEMPORARY_FAILURE');
      this.end('switch-ended', neverUp('NORMAL_TEMPORARY_FAILURE', new Date()));
    }
  }

  /** FreeSWITCH has connected for the answered call. */
  async answered(talk: Talk, headers: EslHeaders): Promise<void> {
    const { conversation } = this.begun;
    const { send_digits: digits } = this.request;
    this.channel.take(talk, headers);
    if (this.channel.givenUp !== undefined) return;
    if (digits !== undefined) {
      this.channel.execute('send_dtmf', digits);
      note(conversation.story, new Date(), 'digits-sent', String(digits.length));
    }
    if (this.assistant === undefined) {
      this.ports.callerBuffer.fill(this.request.call_id);
      endAfter(this.maxCallSeconds, conversation);
      return this.channel.execute('echo');
    }
    const connected = await this.assistant.connect();
    if (connected.outcome === 'connected') return this.assistant.converse(connected.unicast, headers, talk);
    endConversation(conversation, 'assistant-unavailable', new Date());
  }

  private tried(tried: Tried): void {
    switch (tried.outcome) {
      case 'answered':
        return this.awaitConnection();
      case 'over':
        return this.channel.finish(tried.hangup);
      case 'handed-over':
        return this.channel.finish(undefined);
      case 'failed': {
        const cause = tried.reason === 'canceled' ? 'ORIGINATOR_CANCEL' : 'NORMAL_TEMPORARY_FAILURE';
        return this.end(endReasonOfFailure(tried.reason), tried.hangup ?? neverUp(cause, new Date()));
      }
    }
  }

  /** Its connection follows within milliseconds. If it does not, the call is looked for as one that was left. */
  private awaitConnection(): void {
    if (this.channel.taken) return;
    const late = setTimeout(() => {
      if (!this.channel.taken) this.channel.finish(undefined);
    }, CONNECTED_MS);
    this.channel.beforeEnd(() => {
      clearTimeout(late);
    });
  }

  /** While the called party rings, so that the stream is there before the answer. Nobody is called for silence. */
  private connectAssistant(): void {
    void this.assistant?.connect().then(({ outcome }) => {
      if (outcome === 'failed' && !this.channel.taken)
        endConversation(this.begun.conversation, 'assistant-unavailable', new Date());
    });
  }

  /**
   * FreeSWITCH takes some 20 ms from the 200 to its connection for the call, and as long again for each command over
   * it. Sent now, the command waits at the channel, and its loop begins with the assistant's audio.
   */
  private attachEarly(): void {
    if (this.channel.givenUp !== undefined) return;
    const command = this.assistant?.attachEarly(this.request.call_id);
    if (command !== undefined) this.ports.dialling.send(command);
  }

  private end(reason: CallEndReason, hangup: HangupFacts): void {
    this.begun.conversation.story.intended ??= reason;
    this.channel.finish(hangup);
  }
}

/** Of a call that another bridge began. */
export const storySoFar = ({ timeline, attempts }: ContinuedCall) => ({
  timeline: [...timeline],
  attempts: [...attempts],
});

const givenTexts = ({ welcome_message, agenda, variables }: OriginateRequest): GivenTexts => ({
  ...(welcome_message === undefined ? {} : { welcome_message }),
  ...(agenda === undefined ? {} : { agenda }),
  ...(variables === undefined ? {} : { variables }),
});
