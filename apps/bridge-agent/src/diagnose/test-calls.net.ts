import type { CallAttempt } from '@trunkmesh/contracts/call-parts.js';
import { currentTraceparent } from '@trunkmesh/runtime/trace.otel.js';
import { beginCall, type BegunCall } from '../call/begin-call.net.js';
import type { CallParts } from '../call/call-parts.net.js';
import { trunkTestStarted } from '../live/call-events.js';
import { neverUp } from '../live/hangup-facts.js';
import { endReasonOfFailure } from '../outbound/attempt-outcome.js';
import { DialledChannel } from '../outbound/dialled-channel.net.js';
import { outboundOn } from '../outbound/outbound-channels.js';
import type { Permit, Permits } from '../outbound/permits.nats.js';
import { occupyChannel } from '../route/call-limits.js';
import {
  endReasonOfTest,
  failureOfTest,
  hangupOfTest,
  type PlacedCall,
  type TestedCall,
  type TestedTrunk,
} from './test-record.js';

export interface TestCallPorts extends Pick<
  CallParts,
  'bridge' | 'conversations' | 'limits' | 'live' | 'local' | 'logger' | 'newId'
> {
  permits: Permits;
}

export type TrunkWithCall = TestedTrunk & { call: NonNullable<TestedTrunk['call']> };

/** Why nothing was sent, as the end of a sentence. */
export interface NotPlaced {
  because: string;
}

/** Whoever tests waits for the answer: not for as long as a call may wait in its trunk's queue. */
const QUEUE_MS = 3_000;

const WHY_NOT: Readonly<Record<Exclude<Permit, 'granted'>, string>> = {
  'queue-timeout': 'all channels of the trunk are in use, or its calls per second are used up.',
  'queue-full': 'all channels of the trunk are in use, and its queue is full.',
  'no-gateway': 'the trunk has been deleted.',
  'given-up': 'it was canceled.',
};

/** What a test call needs while it is under way. */
export interface DuringTest {
  /** Aborted when the call is hung up from elsewhere. */
  givenUp: AbortSignal;
  onAnswer: (at: Date, codec: string | null) => void;
}

export interface PlacedTest {
  /** Sends the call. What becomes of it is recorded once the carrier has said how it ended. */
  run(call: (during: DuringTest) => Promise<PlacedCall>): Promise<PlacedCall>;
}

/** `withinMs`: how long it may wait for a channel of its trunk. */
export type PlaceTest = (tested: TrunkWithCall, sipCallId: string, withinMs: number) => Promise<PlacedTest | NotPlaced>;

/**
 * The calls of tests as calls of this bridge: with their events, their record and the channel of their trunk. Nothing
 * of them is in FreeSWITCH, and no status is delivered: the test's answer says what became of them.
 */
export const placeTests =
  (ports: TestCallPorts): PlaceTest =>
  async (tested, sipCallId, withinMs) => {
    const call = new BegunTest(tested, sipCallId, ports);
    if (!(await call.recordable)) return call.notPlaced('switch-failed', 'the bridge cannot record calls now.');
    const permit = await call.permit(Math.min(QUEUE_MS, withinMs));
    if (permit === 'granted') return call;
    return call.notPlaced(permit === 'given-up' ? 'canceled' : permit, WHY_NOT[permit]);
  };

class BegunTest implements PlacedTest {
  private readonly channel = new DialledChannel();
  private readonly begun: BegunCall;
  private readonly canceled = new AbortController();
  private readonly startedAt = new Date();
  private answer: { answeredAt: Date | null; codec: string | null } = { answeredAt: null, codec: null };

  constructor(
    private readonly tested: TrunkWithCall,
    sipCallId: string,
    private readonly ports: TestCallPorts,
  ) {
    const { bridge, limits, newId } = ports;
    const stamp = { bridgeId: bridge.id, newId, traceparent: currentTraceparent() };
    const trunkId = this.trunkId;
    const started = trunkTestStarted({ ...tested, trunk_id: trunkId, sipCallId }, this.startedAt, stamp);
    if (trunkId !== null) occupyChannel(limits, trunkId, Date.now());
    const { organization_id: organizationId } = tested;
    this.begun = beginCall({ started, organizationId, trunkId: () => trunkId ?? '' }, this.channel, ports);
    this.channel.onGiveUp(() => this.canceled.abort());
  }

  /** Null: the settings are not saved, so that no other call uses the trunk. */
  private get trunkId(): string | null {
    const { trunk_id, test_id } = this.tested;
    return trunk_id === test_id ? null : trunk_id;
  }

  get recordable(): Promise<boolean> {
    return this.begun.recordable;
  }

  async run(call: (during: DuringTest) => Promise<PlacedCall>): Promise<PlacedCall> {
    try {
      const placed = await call({
        givenUp: this.canceled.signal,
        onAnswer: (at, codec) => this.answered(at, codec),
      });
      void placed.settled.then((ended) => this.over(ended));
      return placed;
    } catch (error) {
      this.over(undefined);
      throw error;
    }
  }

  permit(withinMs: number): Promise<Permit> {
    const trunk_id = this.trunkId;
    if (trunk_id === null) return Promise.resolve('granted');
    const { test_id: call_id, organization_id, trunk } = this.tested;
    const { bridge, limits, live, permits } = this.ports;
    const channels = Math.max(0, (limits.get(trunk_id)?.channels ?? 0) - outboundOn(live.calls.all(), trunk_id));
    const { max_channels = null, max_cps = null, register: registers } = trunk;
    return permits.take(
      { call_id, attempt: 1, organization_id, trunk_id, bridge_id: bridge.id, channels },
      { max_channels, max_cps },
      { signal: this.canceled.signal, until: Date.now() + withinMs, registers },
    );
  }

  notPlaced(failure: CallAttempt['reason'] & string, because: string): NotPlaced {
    this.begun.conversation.story.intended ??= endReasonOfFailure(failure);
    this.channel.finish(neverUp('NORMAL_TEMPORARY_FAILURE', new Date()));
    return { because };
  }

  private answered(at: Date, codec: string | null): void {
    this.answer = { answeredAt: at, codec };
    this.begun.conversation.answered = true;
    this.ports.live.answered(this.tested.test_id, at, codec);
  }

  /** Undefined: the test itself failed. */
  private over(ended: TestedCall | undefined): void {
    const { story } = this.begun.conversation;
    const { answeredAt } = this.answer;
    if (ended === undefined) {
      story.intended ??= 'switch-ended';
      this.channel.finish({ ...neverUp('NORMAL_TEMPORARY_FAILURE', new Date()), ...this.answer });
      return;
    }
    this.recordAttempt(ended);
    story.intended ??= endReasonOfTest(ended, answeredAt);
    this.channel.finish(hangupOfTest(ended, this.answer));
  }

  private recordAttempt(ended: TestedCall): void {
    const { bridge, live, permits } = this.ports;
    const { test_id: call_id, call } = this.tested;
    const { answeredAt } = this.answer;
    const trunk_id = this.trunkId;
    const attempt: CallAttempt = {
      attempt: 1,
      trunk_id,
      bridge_id: bridge.id,
      dialled: call.dialled,
      outcome: answeredAt === null ? 'failed' : 'answered',
      reason: answeredAt === null ? failureOfTest(ended) : null,
      sip_status: hangupOfTest(ended, this.answer).sip_status,
      q850: null,
      hangup_cause: null,
      started_at: this.startedAt.toISOString(),
      duration_ms: Math.max(0, (answeredAt ?? ended.endedAt).getTime() - this.startedAt.getTime()),
      ringing: ended.ringing,
      failed_over: false,
    };
    this.begun.conversation.story.attempts = [attempt];
    if (trunk_id !== null) permits.release({ call_id, attempt: 1, trunk_id });
    if (answeredAt === null) live.attemptFailed(call_id, attempt);
  }
}
