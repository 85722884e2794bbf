import { join } from 'node:path';
import type { CallAnswered, CallEvent, CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { PublishCallEvent } from './call-log.nats.js';
import type { HeldCall } from './held-call.js';
import { HeldCalls } from './held-calls.nats.js';
import { startLiveEvents, type LiveEvents } from './live-events.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { OpenCall } from './open-call-file.fs.js';
import { noted } from './noted.process.js';
import { OpenCalls } from './open-calls.fs.js';
import type { RecordDraft } from './call-record-file.js';
import { startRecordSender, type RecordSender } from './call-record-sender.nats.js';
import { RecordSpool } from './call-record-spool.fs.js';
import type { StoryPart } from './story-part.js';

/** `final`: the call had ended. */
export interface RecoveredCall {
  call: OpenCall | undefined;
  final: RecordDraft['final'] | undefined;
}

export interface CallRecorderOptions {
  stateDir: string;
  bridgeId: string;
  link: NatsLink;
  publish: PublishCallEvent;
  logger: Logger;
  /** UUIDv7. */
  newId: () => string;
  /** Calls known to go on at this moment. */
  liveCalls: () => number;
}

/** Records of refused calls that wait in memory for a full disk; those of answered calls are never dropped. */
const REFUSED_CALLS = 10_000;

/**
 * Every event of a call goes through here, and none is lost: not while NATS is away or the disk is full, not when this
 * process is killed.
 */
export class CallRecorder {
  /** Calls that the life before left open and without a record, and until when they are known to have lasted. */
  readonly leftOpen: readonly OpenCall[];
  readonly lastAlive: Date | undefined;
  private readonly recorded: Set<string>;
  private readonly live: LiveEvents;
  private readonly held: HeldCalls;
  private readonly sender: RecordSender;
  /** Calls whose record is held: it goes when the record is on disk, not when the open call's file is. */
  private readonly drafted = new Set<string>();
  /** One call's files are touched one after the other. */
  private readonly disk = new Map<string, Promise<void>>();
  /** What is found in JetStream before anybody listens. */
  private readonly found: RecoveredCall[] = [];
  private recovered: ((call: RecoveredCall) => void) | undefined;
  private finishing = 0;

  static async start(options: CallRecorderOptions): Promise<CallRecorder> {
    const { stateDir, logger, newId, liveCalls } = options;
    const spool = await RecordSpool.open({ folder: join(stateDir, 'records'), newEpoch: newId, logger });
    const open = await OpenCalls.in({ folder: join(stateDir, 'open'), count: liveCalls, logger });
    // Killed between the record and the removal of the open call: the call has its record.
    const recorded = new Set(spool.records().map(({ callId }) => callId));
    for (const { started } of open.found)
      if (recorded.has(started.data.call_id)) await open.remove(started.data.call_id);
    return new CallRecorder(options, spool, open);
  }

  private constructor(
    private readonly options: CallRecorderOptions,
    private readonly spool: RecordSpool,
    private readonly open: OpenCalls,
  ) {
    const { link, bridgeId, publish, logger } = options;
    this.recorded = new Set(spool.records().map(({ callId }) => callId));
    this.lastAlive = open.lastAlive;
    this.leftOpen = open.found.filter(({ started }) => !this.recorded.has(started.data.call_id));
    this.live = startLiveEvents(publish);
    this.held = new HeldCalls({ link, bridgeId, logger, onFound: (callId, call) => this.foundHeld(callId, call) });
    open.listen({
      // What is held of a call that began is acknowledged sooner or later, or its record is.
      refused: (callId) => {
        this.hold(callId, null).catch(() => undefined);
      },
      mended: (callId) => {
        if (!this.drafted.has(callId)) void this.held.release(callId);
      },
    });
    this.sender = startRecordSender({ bridgeId, spool, publish, link, logger });
    link.onConnected(() => {
      this.live.retry();
    });
    // Whether the log has them is not known; it takes the same id once, and its readers do.
    for (const { started, answered } of this.leftOpen)
      for (const event of [started, answered]) if (event !== null) this.live.push(event);
  }

  /**
   * What an earlier process could only leave in JetStream, because its disk was full; known some time after the start.
   */
  onRecovered(listener: (call: RecoveredCall) => void): void {
    this.recovered = listener;
    this.found.splice(0).forEach(listener);
  }

  /**
   * A killed agent finds the call again once this has resolved. Rejects where neither the disk nor JetStream takes it
   * in time; the event is on its way in any case.
   */
  begin(started: CallStarted): Promise<void> {
    this.live.push(started);
    const { call_id: callId } = started.data;
    const onDisk = this.inOrder(callId, () => this.open.started(started));
    return noted(onDisk, () => {
      const holding = this.hold(callId, null);
      onDisk.then(() => this.held.release(callId)).catch(() => undefined);
      return holding;
    });
  }

  answered(answered: CallAnswered): void {
    this.live.push(answered);
    const { call_id: callId } = answered.data;
    this.inOrder(callId, () => this.open.answered(answered)).catch((error: unknown) => {
      this.options.logger.warn({ err: error, call_id: callId }, 'an answered call cannot be noted on disk');
    });
  }

  /** More of the call's story, for the life after this one. */
  keep(callId: string, part: StoryPart): void {
    this.inOrder(callId, () => this.open.keep(callId, part)).catch((error: NodeJS.ErrnoException) => {
      // Without a file its beginning was not written either, which was said.
      if (error.code !== 'ENOENT')
        this.options.logger.warn({ err: error, call_id: callId }, "a call's story cannot be noted on disk");
    });
  }

  /** Something between the answer and the end. It is told of in the call's last event as well. */
  happened(event: CallEvent): void {
    this.live.push(event);
  }

  /** The call's last event: numbered, on disk, then published until it is confirmed. Resolves when it is on disk. */
  async finish(final: RecordDraft['final']): Promise<void> {
    const { call_id: callId } = final.data;
    this.recorded.add(callId);
    const excess = final.type === 'CallRejected' && this.spool.waiting() >= REFUSED_CALLS;
    this.finishing += 1;
    try {
      await this.inOrder(callId, () => (excess ? this.drop(callId) : this.write(final)));
    } finally {
      this.finishing -= 1;
    }
  }

  /** Records that billing-observer has not confirmed, wherever they wait. */
  unconfirmed(): number {
    return this.finishing + this.sender.unconfirmed();
  }

  /** Why nothing can be written to disk; undefined while it can. */
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
    await Promise.allSettled(this.disk.values());
    await this.sender.stop();
    await this.open.stop();
    await this.spool.stop();
  }

  private foundHeld(callId: string, { started, answered, story, draft }: HeldCall): void {
    // Written to disk after all, by this process or the one before.
    if (this.recorded.has(callId)) return void this.held.release(callId);
    for (const event of draft?.earlier ?? [started, answered]) if (event !== null) this.live.push(event);
    const call = started === null ? undefined : { started, answered, story };
    const recovered: RecoveredCall = { call, final: draft?.final };
    if (this.recovered === undefined) this.found.push(recovered);
    else this.recovered(recovered);
  }

  private hold(callId: string, draft: RecordDraft | null): Promise<void> {
    const { started = null, answered = null, story = [] } = this.open.linesOf(callId) ?? {};
    return this.held.hold(callId, {
      started,
      answered,
      story: [...story],
      draft: draft && { ...draft, earlier: [...draft.earlier] },
    });
  }

  private inOrder(callId: string, work: () => Promise<void>): Promise<void> {
    const done = (this.disk.get(callId) ?? Promise.resolve()).then(work, work);
    this.disk.set(callId, done);
    done
      .catch(() => undefined)
      .finally(() => {
        if (this.disk.get(callId) === done) this.disk.delete(callId);
      });
    return done;
  }

  private async write(final: RecordDraft['final']): Promise<void> {
    const { call_id: callId } = final.data;
    const draft: RecordDraft = { final, earlier: this.live.take(callId) };
    const number = await this.spool.append(draft, () => {
      this.drafted.add(callId);
      this.hold(callId, draft).catch(() => undefined);
    });
    this.drafted.delete(callId);
    await this.open.remove(callId).catch((error: unknown) => {
      this.options.logger.warn({ err: error }, "an open call's file cannot be removed");
    });
    // Before it is sent: a record that is confirmed and deleted must not be found again as a call without one.
    await this.held.release(callId);
    this.sender.send(number);
  }

  private async drop(callId: string): Promise<void> {
    this.options.logger.error(
      { call_id: callId },
      'the record of a refused call is dropped: too many wait for the disk',
    );
    this.live.take(callId);
    await this.open.remove(callId);
  }
}
