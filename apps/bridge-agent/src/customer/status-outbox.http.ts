import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { callFilesIn, type CallFiles } from './status-files.fs.js';
import type { StatusDraft } from './call-status.js';
import { startDelivery, type Delivery, type EndpointOf } from './status-delivery.http.js';
import type { Elsewhere } from './status-file.js';
import type { ReportedCall } from './status-entry.js';
import { Journal } from './status-journal.fs.js';
import type { Lane } from './status-lane.js';
import type { Pauses } from './status-route.js';
import { observeStatuses, statusWebhooks } from './status-metrics.otel.js';

export type { Endpoint, EndpointOf } from './status-delivery.http.js';

export interface StatusOutboxOptions {
  /** STATE_DIR/statuses */
  folder: string;
  endpointOf: EndpointOf;
  logger: Logger;
  /** Whether the call may still be in progress, so that more statuses follow. */
  isLive: (callId: string) => boolean;
  /** Default 1 s to 5 min. */
  pauses?: Pauses;
  /** Covers the name lookup, the connection and the whole response. */
  deadlineMs?: number;
  /** How long delivery of a status is attempted. */
  retentionMs?: number;
  /** How many calls may wait; beyond that the oldest are dropped. */
  maxCalls?: number;
  /**
   * How long the file of a call stays after its last status was delivered: an agent that was killed then ends the call
   * again after its restart, and that must not be reported twice.
   */
  lingerMs?: number;
  sweepMs?: number;
  /** The operator's own certificate authority; default: the system's. */
  ca?: string;
  now?: () => number;
}

const DEFAULTS = {
  pauses: { firstMs: 1_000, maxMs: 300_000 },
  deadlineMs: 10_000,
  retentionMs: 72 * 3_600_000,
  maxCalls: 200_000,
  lingerMs: 10_000,
  sweepMs: 5_000,
  ca: undefined,
  now: Date.now,
};
const CONCURRENT_READS = 4;
const TELL_MS = 1_000;
/** The limit in memory while writing fails: some 50 MB. */
const MAX_UNWRITTEN_STATUSES = 50_000;

type Settings = StatusOutboxOptions & Omit<typeof DEFAULTS, 'ca'>;

/** Sends customers their call statuses: in order, signed, at least once, from disk. */
export class StatusOutbox {
  private readonly journal: Journal;
  private readonly delivery: Delivery;
  private readonly sweeps: NodeJS.Timeout;
  private readonly stopObserving: () => void;
  private sweeping: Promise<void> | undefined;
  private stopped = false;

  static async start(options: StatusOutboxOptions): Promise<StatusOutbox> {
    const files = await callFilesIn(options.folder);
    return new StatusOutbox({ ...DEFAULTS, ...options }, files, await files.list());
  }

  private constructor(
    private readonly settings: Settings,
    private readonly files: CallFiles,
    left: readonly string[],
  ) {
    const { logger, now, endpointOf, pauses, deadlineMs, ca } = settings;
    this.journal = new Journal({
      files,
      logger,
      now,
      unread: new Set(left),
      isWanted: ({ organizationId, numberId }) => {
        const endpoint = endpointOf(organizationId, numberId);
        return endpoint === 'not-known-yet' ? endpoint : endpoint !== undefined;
      },
      onWritten: (lane) => this.delivery.wake(lane),
    });
    this.delivery = startDelivery({
      pauses,
      deadlineMs,
      ca,
      endpointOf,
      logger,
      now,
      read: (lane) => this.journal.next(lane),
      onDelivered: (lane) => this.journal.delivered(lane),
      onDamaged: (lane) => this.damaged(lane),
    });
    this.sweeps = setInterval(() => this.sweepOnce(), settings.sweepMs);
    const unread = left.values();
    for (let nth = 0; nth < CONCURRENT_READS; nth += 1) void this.readOn(unread);
    this.stopObserving = observeStatuses(this);
  }

  /**
   * The status is written when this resolves, a final status also synced; never rejects. Failed writes are retried and
   * delay the caller for a second at most, because a call record must not wait for them. A status after the call's
   * final one is ignored, so that a call that ends twice because of a crash is reported once. Calls without a status
   * endpoint cost nothing.
   */
  tell(draft: StatusDraft): Promise<void> {
    if (this.journal.waitingToBeWritten() < MAX_UNWRITTEN_STATUSES) return within(TELL_MS, this.journal.tell(draft));
    this.noteGivenUp(draft.call_id, 1, 'too many wait for the disk');
    return Promise.resolve();
  }

  /** Another bridge wrote the call's statuses up to `elsewhere`: those of this one follow. */
  follow(elsewhere: Elsewhere): Promise<void> {
    return within(TELL_MS, this.journal.tell(elsewhere));
  }

  /** The number of statuses of the call, after those that still wait to be written. */
  async told(callId: string): Promise<number> {
    await within(TELL_MS, this.journal.load(callId));
    return this.journal.told(callId);
  }

  /** Undelivered statuses. */
  waiting(): number {
    let count = this.journal.waitingToBeWritten() + this.journal.waitingToBeRead();
    for (const { lane } of this.journal.calls.values()) if (lane !== undefined) count += lane.told - lane.delivered;
    return count;
  }

  /** Why nothing can be written; undefined while writing works. */
  trouble(): string | undefined {
    return this.journal.trouble();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.sweeps);
    this.stopObserving();
    await this.delivery.stop();
    await this.sweeping;
    await this.journal.stop();
  }

  /** An unreadable file is retried until the process stops; the others do not wait for it. */
  private async readOn(unread: Iterable<string>): Promise<void> {
    for (const callId of unread) if (!this.stopped) await within(TELL_MS, this.journal.load(callId));
  }

  private damaged(lane: Lane): void {
    const { callId } = lane;
    this.forget(callId, () => this.giveUp(callId, lane.told - lane.delivered, 'the file is damaged')).catch(
      (error: unknown) => {
        this.settings.logger.warn({ err: error, call_id: callId }, 'cannot move a damaged file');
      },
    );
  }

  private async forget(callId: string, away: () => Promise<void>): Promise<void> {
    const lane = this.journal.calls.get(callId)?.lane;
    if (lane !== undefined) this.delivery.remove(lane);
    this.journal.calls.delete(callId);
    await away();
  }

  private giveUp(callId: string, statuses: number, reason: string): Promise<void> {
    this.noteGivenUp(callId, statuses, reason);
    return this.files.giveUp(callId).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  private noteGivenUp(callId: string, statuses: number, reason: string): void {
    statusWebhooks.add(statuses, { outcome: 'given-up' });
    this.settings.logger.error({ call_id: callId, statuses, reason }, 'gave up on call statuses');
  }

  private sweepOnce(): void {
    this.sweeping ??= this.sweep()
      .catch((error: unknown) => {
        this.settings.logger.warn({ err: error }, 'cannot remove files of delivered call statuses');
      })
      .finally(() => {
        this.sweeping = undefined;
      });
  }

  private async sweep(): Promise<void> {
    const { maxCalls } = this.settings;
    const all = [...this.journal.calls.values()];
    // They are in the order in which they started, except those of the previous process, which are in the order of
    // their names.
    if (all.length > maxCalls) all.sort((a, b) => a.since - b.since);
    for (const call of all) {
      const crowded = this.journal.calls.size > maxCalls;
      const fate = this.fateOf(call, crowded);
      if (fate === undefined) continue;
      const { told: count, delivered } = call.lane!;
      await this.forget(call.callId, () =>
        fate === 'remove'
          ? this.files.remove(call.callId)
          : this.giveUp(call.callId, count - delivered, crowded ? 'too many wait' : 'not delivered in time'),
      );
    }
  }

  /** What to do with it; undefined while it is still needed. */
  private fateOf(call: ReportedCall, crowded: boolean): 'remove' | 'give-up' | undefined {
    const { now, lingerMs, retentionMs } = this.settings;
    if (this.isUsed(call)) return undefined;
    if (call.doneAt !== undefined) return now() - call.doneAt >= lingerMs ? 'remove' : undefined;
    if (this.isUnwanted(call)) return 'remove';
    if (!crowded && now() - call.since < retentionMs) return undefined;
    return call.lane!.told > call.lane!.delivered ? 'give-up' : 'remove';
  }

  private isUsed({ callId, lane }: ReportedCall): boolean {
    return (
      lane === undefined || lane.state === 'sending' || this.journal.isBusy(callId) || this.settings.isLive(callId)
    );
  }

  private isUnwanted({ unasked, lane }: ReportedCall): boolean {
    if (!unasked || lane?.delivered !== 0) return false;
    return this.settings.endpointOf(lane.owner.organizationId, lane.owner.numberId) === undefined;
  }
}

function within(ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, ms);
    void work.then(() => {
      clearTimeout(late);
      resolve();
    });
  });
}
