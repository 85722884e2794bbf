import type { CallStarted } from '@trunkmesh/contracts/call.js';
import type { CallAttempt, TransferResult } from '@trunkmesh/contracts/call-parts.js';
import type { EslEvent } from '../esl/esl-event.js';
import type { RecoveredCall } from '../call-record/call-records.fs.js';
import type { CallRecordDraft } from '../call-record/call-record-file.js';
import type { StatusChange } from '../customer/call-status.js';
import { CallSearch, HANGUP, type EventSocket } from './call-search.net.js';
import { callAnswered, callAttemptFailed, callTransferEnded, withTrunk, type EventStamp } from './call-events.js';
import { note, type CallStory } from './call-story.js';
import { calls as callsMetric, lostCalls, setupSeconds } from './call-metrics.otel.js';
import { readHangup, type HangupFacts } from './hangup-facts.js';
import { answeredAtOf, finalOf, hangupOfLost } from './left-call.js';
import type { LiveCallTable } from './live-call-table.js';
import type { LiveCallsOptions } from './live-calls-options.net.js';
import { loseSight, takePart, type LiveCall } from './live-calls.js';
import type { Refusal } from './refusal.js';

const LOOK_MS = 1_000;

/** The calls of this host that have started and not ended. */
export class LiveCalls {
  readonly calls: LiveCallTable;
  private readonly timer: NodeJS.Timeout;
  private readonly now: () => Date;
  private readonly search: CallSearch;

  constructor(private readonly options: LiveCallsOptions) {
    this.calls = options.calls;
    this.now = options.now ?? (() => new Date());
    this.search = new CallSearch({
      calls: options.calls,
      now: this.now,
      logger: options.logger,
      onLost: (call) => this.ended(call.started.data.call_id, hangupOfLost(call)),
    });
    this.timer = setInterval(() => {
      for (const call of this.calls.all()) void this.keep(call);
      this.search.lookOnce();
    }, options.lookMs ?? LOOK_MS);
  }

  /**
   * Starts the call, observed over its own connection. Resolves when a killed agent would find it again; rejects if it
   * might not. `continued`: it began on another bridge, and its file is there.
   */
  begin(started: CallStarted, story: CallStory, continued = false): Promise<void> {
    this.calls.add({
      started,
      story,
      answered: null,
      kept: continued ? story.timeline.length : 0,
      lastSeen: this.now(),
      watch: 'socket',
      since: this.now(),
    });
    if (continued) return Promise.resolve();
    void this.options.tell({ what: 'event', event: started });
    return this.options.callRecords.begin(started);
  }

  /** Another bridge is asked to go on with it. Rejects where the disk does not have that. */
  async offers(callId: string, to: string, at: Date): Promise<void> {
    const call = this.calls.get(callId);
    if (call === undefined) throw new Error('the call has ended');
    void this.keep(call);
    call.story.offeredTo = to;
    note(call.story, at, 'offered-to-bridge', to);
    const part = takePart(call);
    if (part === undefined) throw new Error('the timeline is full');
    await this.options.callRecords.handed.keep(callId, part);
  }

  /** Another bridge has it: this one does not report its end. */
  handedOver(callId: string): void {
    const call = this.calls.get(callId);
    this.calls.delete(callId);
    if (call !== undefined) this.options.onEnded(call.started);
  }

  /** An outbound call tries this trunk now, and its events are of it from here on. */
  tries(callId: string, trunkId: string, at: Date): void {
    const call = this.calls.get(callId);
    if (call === undefined) return;
    call.started = withTrunk(call.started, trunkId);
    call.story.trunkId = trunkId;
    note(call.story, at, 'trunk-tried', trunkId);
    void this.keep(call);
  }

  attemptFailed(callId: string, attempt: CallAttempt): void {
    const call = this.calls.get(callId);
    if (call === undefined) return;
    this.options.callRecords.happened(callAttemptFailed(call.started, attempt, this.stampOf(call)));
    void this.keep(call);
  }

  /** A state that has no event of its own. */
  reached(callId: string, what: Exclude<StatusChange['what'], 'event'>, at: Date): void {
    const call = this.calls.get(callId);
    if (call === undefined) return;
    if (what === 'ringing') note(call.story, at, what);
    void this.options.tell({ what, started: call.started, at });
  }

  /** Resolves when the next process would find all that was noted of the call. */
  async noted(callId: string): Promise<void> {
    const call = this.calls.get(callId);
    if (call !== undefined) await this.keep(call);
  }

  transferEnded(callId: string, transfer: TransferResult): void {
    const call = this.calls.get(callId);
    if (call === undefined) return;
    const event = callTransferEnded(call.started, transfer, this.stampOf(call));
    this.options.callRecords.happened(event);
    void this.options.tell({ what: 'event', event, started: call.started });
  }

  answered(callId: string, at: Date, codec: string | null): void {
    const call = this.calls.get(callId);
    if (call === undefined || call.answered !== null) return;
    call.answered = callAnswered(call.started, at, codec, this.stampOf(call));
    this.options.callRecords.answered(call.answered);
    // By our clock, as the steps around it: FreeSWITCH's lags by some milliseconds.
    note(call.story, this.now(), 'answered', codec);
    void this.keep(call);
    void this.options.tell({ what: 'event', event: call.answered, started: call.started });
    setupSeconds.record(Math.max(0, at.getTime() - new Date(call.started.data.started_at).getTime()) / 1000);
  }

  /** The call cannot be answered after all: its end counts as a refusal. */
  refused(callId: string, refusal: Refusal): void {
    const call = this.calls.get(callId);
    if (call !== undefined) call.refused = refusal;
  }

  /** The first report counts: a call ends once. */
  ended(callId: string, hangup: HangupFacts): void {
    const call = this.calls.get(callId);
    if (call === undefined) return;
    // It was answered without this process seeing it: publish the answer anyway.
    if (hangup.answeredAt !== null) this.answered(callId, hangup.answeredAt, hangup.codec);
    this.calls.delete(callId);
    const answeredAt = hangup.answeredAt ?? answeredAtOf(call);
    const final = finalOf(call, { ...hangup, answeredAt }, this.stampOf(call));
    callsMetric.add(1, { ...final.counted, decided_at: call.started.data.decided_at });
    if (hangup.reconstructed) {
      lostCalls.add();
      this.options.logger.warn(
        { call_id: callId, ended_at: hangup.endedAt },
        'a call ended unobserved; using the last moment at which it was known to be up as its end',
      );
    }
    this.finish(final.event, call.started);
    this.options.onEnded(call.started);
  }

  /** Its connection ended without a hang-up. */
  lost(callId: string, at: Date): void {
    const call = this.calls.get(callId);
    if (call === undefined) return;
    if (call.overheard !== undefined) return this.ended(callId, call.overheard);
    loseSight(call, at);
    this.search.lookOnce();
  }

  /** The event socket reconnected: looks for calls without their own connection. */
  onUp(socket: EventSocket): void {
    this.search.onUp(socket);
  }

  onDown(): void {
    this.search.onDown();
    for (const call of this.calls.all()) if (call.watch === 'watched') loseSight(call, this.now());
  }

  /** Handles the event socket's events; all but CHANNEL_HANGUP_COMPLETE belong to other parts. */
  onEvent(event: EslEvent): void {
    const callId = event.headers.get('Unique-ID') ?? '';
    const call = event.name === HANGUP ? this.calls.get(callId) : undefined;
    if (call === undefined) return;
    const hangup = readHangup(event.headers, this.now());
    // Once subscribed for others, its hang-up comes twice, and this one may be the first: its record has its audio and
    // its transfer only when its own connection has ended.
    if (call.watch === 'socket') call.overheard = hangup;
    else this.ended(callId, hangup);
  }

  /** Left by an earlier process and found late: looks for it or publishes its end. */
  recover({ call, final }: RecoveredCall): void {
    const callId = (call?.started ?? final)?.data.call_id ?? '';
    const known = this.calls.get(callId);
    if (final !== undefined) {
      this.calls.delete(callId);
      this.finish(final, call?.started);
      if (known !== undefined) this.options.onEnded(known.started);
    } else if (call !== undefined && known === undefined) {
      this.calls.adopt(call, this.now());
      this.search.lookOnce();
    }
  }

  has(callId: string): boolean {
    return this.calls.has(callId);
  }

  /** Calls that this process has no connection to, such as those that an earlier process left. */
  unheld(): LiveCall[] {
    return this.calls.all().filter(({ watch }) => watch !== 'socket');
  }

  unheldOf(organizationId: string): LiveCall[] {
    return this.unheld().filter(({ started }) => started.data.organization_id === organizationId);
  }

  count(): number {
    return this.calls.count();
  }

  countSeen(): number {
    return this.calls.countSeen();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private stampOf({ started }: LiveCall): EventStamp {
    const { bridgeId, newId } = this.options;
    return { bridgeId, newId, traceparent: started.traceparent };
  }

  private async keep(call: LiveCall): Promise<void> {
    const part = takePart(call);
    if (part !== undefined) await this.options.callRecords.keep(call.started.data.call_id, part);
  }

  private finish(event: CallRecordDraft['final'], started: CallStarted | undefined): void {
    const { tell, callRecords, logger } = this.options;
    tell({ what: 'event', event, started })
      .then(() => callRecords.finish(event))
      .catch((error: unknown) => {
        logger.error(
          { err: error, call_id: event.data.call_id },
          "cannot write a call's record; its open file stays for the next start",
        );
      });
  }
}
