import { setTimeout as sleep } from 'node:timers/promises';
import type { EslClient, EslListener } from '../esl/esl-client.net.js';
import type { EslCommand } from '../esl/esl-command.js';
import type { EslEvent } from '../esl/esl-event.js';
import { readHangup, type HangupFacts } from '../live/hangup-facts.js';
import { hasNoChannel, type Unanswered } from './attempt-outcome.js';

/** The result of an attempt. `lost`: the connection to FreeSWITCH ended first. `unsent`: it never got the command. */
export type DialOutcome =
  | { outcome: 'answered' }
  | ({ outcome: 'unanswered' } & Unanswered)
  /** It was answered and hung up before FreeSWITCH connected to the agent. */
  | { outcome: 'hung-up'; hangup: HangupFacts }
  | { outcome: 'lost' }
  | { outcome: 'unsent' }
  /** Before FreeSWITCH got the command. */
  | { outcome: 'given-up' };

/** The hang-up event of an attempt and the reply to its command come in either order, within milliseconds. */
const HANGUP_MS = 1_000;
/** The channel of the attempt before keeps its UUID for a moment after its hang-up. */
const FREED_MS = 2_000;
const LOOK_MS = 5;
const KILL_AGAIN_MS = 50;
/**
 * FreeSWITCH looks for events of a connection every 20 ms. An answer that is known later than a few milliseconds after
 * it is attached a packet or two later.
 */
const WAKE_MS = 5;

interface Dial {
  callId: string;
  /** The `Job-UUID` of the command. */
  job: string;
  command: EslCommand;
  /** An earlier attempt of the call had a channel of this UUID. */
  again: boolean;
  /** Once aborted, nothing is sent any more; what was sent is ended by `cancel`. */
  givenUp: AbortSignal;
}

/** What happens at the called party before the attempt settles. */
export interface AttemptListener {
  onRinging: (at: Date) => void;
  /** The 200 has come. FreeSWITCH connects to the agent some 20 ms later. */
  onAnswer: () => void;
  /** The attempt's Call-ID on the wire, maybe more than once. */
  onSipCallId?: (sipCallId: string) => void;
}

interface Dialled {
  callId: string;
  ringing: boolean;
  hangup: { facts: HangupFacts; failureStatus: number | null } | undefined;
  heard: AttemptListener;
  onHangup: (() => void) | undefined;
  settle: (outcome: DialOutcome) => void;
  canceled: boolean;
  settled: boolean;
}

/**
 * Attempts of outbound calls at FreeSWITCH, over a connection of their own, which gets only the events of outbound
 * channels: its other listeners are not slowed by these.
 */
export class Dialling implements EslListener {
  readonly events = [
    'BACKGROUND_JOB',
    'CHANNEL_PROGRESS',
    'CHANNEL_PROGRESS_MEDIA',
    'CHANNEL_ANSWER',
    'CHANNEL_HANGUP_COMPLETE',
  ];
  readonly filters = [
    ['Event-Name', 'BACKGROUND_JOB'],
    ['Call-Direction', 'outbound'],
  ] as const;
  private readonly byJob = new Map<string, Dialled>();
  private readonly byCall = new Map<string, Dialled>();
  private stopWaking: (() => void) | undefined;

  constructor(
    private readonly esl: Pick<EslClient, 'api' | 'send' | 'connected' | 'wake'>,
    /** An outbound channel that no attempt waits for any more has ended. */
    private readonly onEnded: (callId: string, hangup: HangupFacts) => void = () => undefined,
    /** Returns how to stop it. */
    private readonly every: (milliseconds: number, act: () => void) => () => void = repeatedly,
  ) {}

  /** Settles when the attempt is answered or has failed. One attempt of a call at a time. */
  async dial({ callId, job, command, again, givenUp }: Dial, heard: AttemptListener): Promise<DialOutcome> {
    const free = this.esl.connected && (!again || (await this.isFree(callId)));
    if (free !== true || givenUp.aborted) return { outcome: givenUp.aborted ? 'given-up' : 'unsent' };
    return new Promise((resolve) => {
      const dialled: Dialled = {
        callId,
        ringing: false,
        hangup: undefined,
        heard,
        onHangup: undefined,
        canceled: false,
        settled: false,
        settle: (outcome) => {
          if (dialled.settled) return;
          dialled.settled = true;
          this.byJob.delete(job);
          this.byCall.delete(callId);
          this.wakeWhileRinging();
          resolve(outcome);
        },
      };
      this.byJob.set(job, dialled);
      this.byCall.set(callId, dialled);
      void this.esl.send(command).then((reply) => {
        if (reply.outcome === 'reply' && !reply.ok) dialled.settle({ outcome: 'unsent' });
        else if (reply.outcome !== 'reply') dialled.settle({ outcome: 'lost' });
      });
    });
  }

  /** Ends the call's attempt in any state, also before FreeSWITCH has created its channel. */
  cancel(callId: string, cause: string): void {
    const dialled = this.byCall.get(callId);
    if (dialled === undefined || dialled.canceled) return;
    dialled.canceled = true;
    void this.killUntilOver(dialled, cause);
  }

  /** A command for the channel of an attempt, whose result nobody waits for. */
  send(command: EslCommand): void {
    void this.esl.send(command);
  }

  /** FreeSWITCH connected for the answered call: this may overtake the reply to the command. */
  answered(callId: string, sipCallId: string | undefined): void {
    const dialled = this.byCall.get(callId);
    if (dialled === undefined) return;
    noteSipCallId(dialled, sipCallId);
    dialled.settle({ outcome: 'answered' });
  }

  onDown(): void {
    for (const dialled of [...this.byCall.values()]) dialled.settle({ outcome: 'lost' });
  }

  onEvent(event: EslEvent): void {
    if (event.name === 'BACKGROUND_JOB') return this.replied(event);
    const callId = event.headers.get('Unique-ID') ?? '';
    const dialled = this.byCall.get(callId);
    if (dialled !== undefined) noteSipCallId(dialled, event.headers.get('variable_sip_call_id'));
    if (event.name === 'CHANNEL_HANGUP_COMPLETE') {
      if (dialled === undefined) this.onEnded(callId, readHangup(event.headers, new Date()));
      else this.hungUp(dialled, event);
      return;
    }
    if (dialled === undefined || dialled.canceled) return;
    if (event.name === 'CHANNEL_ANSWER') return dialled.heard.onAnswer();
    if (dialled.ringing) return;
    dialled.ringing = true;
    this.wakeWhileRinging();
    dialled.heard.onRinging(new Date());
  }

  /** While a call rings, its answer is to be known at once. */
  private wakeWhileRinging(): void {
    const isRinging = [...this.byCall.values()].some(({ ringing }) => ringing);
    if (isRinging === (this.stopWaking !== undefined)) return;
    this.stopWaking?.();
    this.stopWaking = isRinging ? this.every(WAKE_MS, () => this.esl.wake()) : undefined;
  }

  private hungUp(dialled: Dialled, { headers }: EslEvent): void {
    const facts = readHangup(headers, new Date());
    if (facts.answeredAt !== null) return dialled.settle({ outcome: 'hung-up', hangup: facts });
    const status = Number(headers.get('variable_sip_invite_failure_status'));
    dialled.hangup = { facts, failureStatus: Number.isInteger(status) && status > 0 ? status : null };
    dialled.onHangup?.();
  }

  private replied(event: EslEvent): void {
    const dialled = this.byJob.get(event.headers.get('Job-UUID') ?? '');
    if (dialled === undefined) return;
    const text = event.body.trim();
    if (text.startsWith('+OK')) return dialled.settle({ outcome: 'answered' });
    const cause = /^-ERR ([A-Z\d_]{1,64})$/.exec(text)?.[1] ?? 'UNKNOWN';
    const fail = (): void => {
      const { hangup, ringing } = dialled;
      dialled.settle({
        outcome: 'unanswered',
        cause,
        ringing,
        hangup: hangup?.facts,
        failureStatus: hangup?.failureStatus ?? null,
      });
    };
    if (dialled.hangup !== undefined || hasNoChannel(cause)) return fail();
    const late = setTimeout(fail, HANGUP_MS);
    dialled.onHangup = () => {
      clearTimeout(late);
      fail();
    };
  }

  /** A second channel with the UUID of one that is not gone yet is refused ("Duplicate UUID"). Undefined: unknown. */
  private async isFree(callId: string): Promise<boolean | undefined> {
    for (const until = performance.now() + FREED_MS; performance.now() < until;) {
      const reply = await this.esl.api('uuid_exists', callId);
      if (reply.outcome !== 'reply') return undefined;
      if (reply.text.trim() === 'false') return true;
      await sleep(LOOK_MS);
    }
    return false;
  }

  private async killUntilOver(dialled: Dialled, cause: string): Promise<void> {
    let hasChannel = false;
    for (let kills = 0; !dialled.settled && this.esl.connected; kills += 1) {
      const reply = await this.esl.api('uuid_kill', `${dialled.callId} ${cause}`);
      hasChannel ||= reply.outcome === 'reply' && reply.text.startsWith('+OK');
      if (!dialled.settled) await sleep(pauseAfterKill(kills, hasChannel));
    }
  }
}

/**
 * Milliseconds until the next kill, after `kills` before the last one. FreeSWITCH makes a channel within milliseconds
 * of the command, and its INVITE leaves at once: until the next kill the called party may ring.
 */
export const pauseAfterKill = (kills: number, hasChannel: boolean): number =>
  hasChannel ? KILL_AGAIN_MS : Math.min(2 ** kills, KILL_AGAIN_MS);

function repeatedly(milliseconds: number, act: () => void): () => void {
  const timer = setInterval(act, milliseconds);
  return () => clearInterval(timer);
}

function noteSipCallId({ heard }: Dialled, sipCallId: string | undefined): void {
  if (sipCallId !== undefined) heard.onSipCallId?.(sipCallId);
}
