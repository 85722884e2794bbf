import { join } from 'node:path';
import type { CallAnswered, CallEvent, CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { PublishCallEvent } from './call-log.nats.js';
import type { HeldCall } from './held-call.js';
import { HandedCalls } from './handed-calls.fs.js';
import { HeldCalls } from './held-calls.nats.js';
import { readLeftOnDisk, type LeftOnDisk } from './left-on-disk.fs.js';
import { startLiveEvents, type LiveEvents } from './live-events.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { OpenCall } from './open-call-file.fs.js';
import { noted } from './noted.process.js';
import { OpenCalls } from './open-calls.fs.js';
import type { CallRecordDraft } from './call-record-file.js';
import { startCallRecordSender, type CallRecordSender } from './call-record-sender.nats.js';
import type { CallRecordSpool } from './call-record-spool.fs.js';
import type { StoryPart } from './story-part.js';
import { TurnsByCall } from './turns-by-call.js';

/** `final`: the call had ended. */
export interface RecoveredCall {
  call: OpenCall | undefined;
  final: CallRecordDraft['final'] | undefined;
}

export interface CallRecordsOptions {
  stateDir: string;
  bridgeId: string;
  link: NatsLink;
  publish: PublishCallEvent;
  logger: Logger;
  /** UUIDv7. */
  newId: () => string;
}

/**
 * How many call records of refused calls may wait in memory while the disk is full; those of answered calls are never
 * dropped.
 */
const MAX_WAITING_REFUSALS = 10_000;

/**
 * Keeps and publishes every event of a call. None is lost while NATS is unreachable, when the disk is full, or when
 * this process is killed.
 */
export class CallRecords {
  /**
   * Calls that the previous process left open and without a call record, and the last time at which they were known to
   * be up.
   */
  readonly leftOpen: readonly OpenCall[];
  readonly lastAlive: Date | undefined;
  private readonly spool: CallRecordSpool;
  private readonly open: OpenCalls;
  readonly recorded: Set<string>;
  private readonly live: LiveEvents;
  /** Calls that go from one bridge to another. */
  readonly handed: HandedCalls;
  private readonly held: HeldCalls;
  private readonly sender: CallRecordSender;
  /** Calls with a record that JetStream holds until it is on disk; the open call's file does not release it. */
  private readonly drafted = new Set<string>();
  private readonly disk = new TurnsByCall();
  /** Calls found in JetStream before there is a listener. */
  private readonly found: RecoveredCall[] = [];
  private recovered: ((call: RecoveredCall) => void) | undefined;
  private finishing = 0;

  static async start(options: CallRecordsOptions): Promise<CallRecords> {
    return new CallRecords(options, await readLeftOnDisk(options));
  }

  private constructor(
    private readonly options: CallRecordsOptions,
    { spool, recorded, leftOpen, doubtful, lastAlive }: LeftOnDisk,
  ) {
    const { stateDir, link, bridgeId, publish, newId, logger } = options;
    this.spool = spool;
    this.recorded = recorded;
    this.lastAlive = lastAlive;
    this.leftOpen = leftOpen;
    this.live = startLiveEvents(publish);
    this.held = new HeldCalls({ link, bridgeId, logger, onFound: (callId, call) => this.foundHeld(callId, call) });
    this.open = new OpenCalls({
      folder: join(stateDir, 'open'),
      found: [...leftOpen, ...doubtful],
      // What is held of a call that began is acknowledged sooner or later, or its record is.
      onRefused: (callId) => {
        this.hold(callId, null).catch(() => undefined);
      },
      onMended: (callId) => {
        if (!this.drafted.has(callId)) void this.held.release(callId);
      },
      logger,
    });
    this.sender = startCallRecordSender({ bridgeId, spool, publish, link, logger });
    const { live, open, disk } = this;
    const onOwn = (call: OpenCall) => this.foundAgain({ call, final: undefined });
    this.handed = new HandedCalls({ bridgeId, open, disk, live, link, newId, doubtful, onOwn, logger });
    link.onConnected(() => {
      this.live.retry();
    });
    // The log may have them already; it and its readers drop a second event with the same id.
    for (const { started, continued, answered } of leftOpen)
      for (const event of [continued ?? started, answered]) if (event !== null) this.live.push(event);
  }

  /**
   * Calls that an earlier process could only keep in JetStream, because its disk was full; known some time after the
   * start.
   */
  onRecovered(listener: (call: RecoveredCall) => void): void {
    this.recovered = listener;
    this.found.splice(0).forEach(listener);
  }

  /**
   * Once this has resolved, a killed agent finds the call again. Rejects if neither the disk nor JetStream accepts it
   * in time; the event is published in any case.
   */
  begin(started: CallStarted): Promise<void> {
    this.live.push(started);
    const { call_id: callId } = started.data;
    const onDisk = this.disk.run(callId, () => this.open.started(started));
    return noted(onDisk, () => {
      const holding = this.hold(callId, null);
      onDisk.then(() => this.held.release(callId)).catch(() => undefined);
      return holding;
    });
  }

  answered(answered: CallAnswered): void {
    this.live.push(answered);
    const { call_id: callId } = answered.data;
    this.disk
      .run(callId, () => this.open.answered(answered))
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error, call_id: callId }, 'cannot write an answered call to disk');
      });
  }

  /** Writes more of the call's timeline, for the next process. Never rejects. */
  keep(callId: string, part: StoryPart): Promise<void> {
    return this.disk
      .run(callId, () => this.open.keep(callId, part))
      .catch((error: NodeJS.ErrnoException) => {
        // Without a file its start was not written either, which was logged.
        if (error.code !== 'ENOENT')
          this.options.logger.warn({ err: error, call_id: callId }, "cannot write a call's timeline to disk");
      });
  }

  /** An event between the answer and the end. The call's last event contains it too. */
  happened(event: CallEvent): void {
    this.live.push(event);
  }

  /** The call's last event: numbered, on disk, then published until it is confirmed. Resolves when it is on disk. */
  async finish(final: CallRecordDraft['final']): Promise<void> {
    const { call_id: callId } = final.data;
    this.recorded.add(callId);
    const excess = final.type === 'CallRejected' && this.spool.waiting() >= MAX_WAITING_REFUSALS;
    this.finishing += 1;
    try {
      await this.disk.run(callId, () => (excess ? this.drop(callId) : this.write(final)));
    } finally {
      this.finishing -= 1;
    }
  }

  /** Call records that billing-observer has not confirmed, wherever they wait. */
  unconfirmed(): number {
    return this.finishing + this.sender.unconfirmed();
  }

  /** Why nothing can be written to disk; undefined while writing works. */
  trouble(): string | undefined {
    const why = this.spool.trouble() ?? this.open.trouble();
    if (why === undefined) return undefined;
    const how =
      this.options.link.connection === undefined
        ? 'and NATS is unreachable: new calls are refused'
        : 'new calls are accepted only while JetStream acknowledges them';
    return `STATE_DIR cannot be written (${why}), ${how}`;
  }

  async stop(): Promise<void> {
    this.live.stop();
    this.held.stop();
    await this.handed.stop();
    await this.disk.settled();
    await this.sender.stop();
    await this.open.stop();
    await this.spool.stop();
  }

  private foundHeld(callId: string, { started, answered, story, draft }: HeldCall): void {
    // It was written to disk after all, by this process or the previous one.
    if (this.recorded.has(callId)) return void this.held.release(callId);
    for (const event of draft?.earlier ?? [started, answered]) if (event !== null) this.live.push(event);
    const call = started === null ? undefined : { started, answered, story };
    this.foundAgain({ call, final: draft?.final });
  }

  private foundAgain(recovered: RecoveredCall): void {
    if (this.recovered === undefined) this.found.push(recovered);
    else this.recovered(recovered);
  }

  private hold(callId: string, draft: CallRecordDraft | null): Promise<void> {
    const { started = null, answered = null, story = [] } = this.open.linesOf(callId) ?? {};
    return this.held.hold(callId, {
      started,
      answered,
      story: [...story],
      draft: draft && { ...draft, earlier: [...draft.earlier] },
    });
  }

  private async write(final: CallRecordDraft['final']): Promise<void> {
    const { call_id: callId } = final.data;
    const draft: CallRecordDraft = { final, earlier: this.live.take(callId) };
    const number = await this.spool.append(draft, () => {
      this.drafted.add(callId);
      this.hold(callId, draft).catch(() => undefined);
    });
    this.drafted.delete(callId);
    await this.open.remove(callId).catch((error: unknown) => {
      this.options.logger.warn({ err: error }, "cannot remove an open call's file");
    });
    // Removed before sending: otherwise the call would be found again as one without a call record, after its call
    // record was confirmed and deleted.
    await this.held.release(callId);
    this.sender.send(number);
  }

  private async drop(callId: string): Promise<void> {
    this.options.logger.error(
      { call_id: callId },
      'dropped the call record of a refused call: too many wait for the disk',
    );
    this.live.take(callId);
    await this.open.remove(callId);
  }
}
