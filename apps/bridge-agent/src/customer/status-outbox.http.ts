import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { callFilesIn, type CallFiles } from './status-files.fs.js';
import type { StatusDraft } from './call-status.js';
import { startDelivery, type Delivery, type EndpointOf } from './status-delivery.http.js';
import type { Told } from './status-entry.js';
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
  /** The call goes on, as far as anybody knows: more will be told of it. */
  isLive: (callId: string) => boolean;
  /** Default 1 s to 5 min. */
  pauses?: Pauses;
  /** From the look-up of the name to the end of the answer. */
  deadlineMs?: number;
  /** How long a status is tried to be delivered. */
  retentionMs?: number;
  /** Calls that wait at most; the oldest make room. */
  maxCalls?: number;
  /**
   * How long the file of a call stays after its last status was delivered: whoever was killed then ends the call
   * again, and that must not be told.
   */
  lingerMs?: number;
  sweepMs?: number;
  /** A certificate authority of the operator's own; else the usual ones. */
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
const READ_AT_ONCE = 4;
const TELL_MS = 1_000;
/** In memory while the disk refuses: some 50 MB. */
const UNWRITTEN = 50_000;

type Settings = StatusOutboxOptions & Omit<typeof DEFAULTS, 'ca'>;

/** What customers are told of their calls' states: in order, signed, at least once, from disk. */
export class StatusOutbox {
  private readonly journal: Journal;
  private readonly delivery: Delivery;
  private readonly sweeps: NodeJS.Timeout;
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
    for (let nth = 0; nth < READ_AT_ONCE; nth += 1) void this.readOn(unread);
    observeStatuses({ waiting: () => this.waiting() });
  }

  /**
   * Written before it resolves, a final status also synced to disk; never rejects. A disk that refuses is asked again,
   * and holds up the caller for a second at most: a call's record must not wait for it. Told after the call's final
   * status it is ignored, so that a call that is ended twice over a crash is told of once. Calls that nobody wants to
   * be told of cost nothing.
   */
  tell(draft: StatusDraft): Promise<void> {
    if (this.journal.waitingToBeWritten() < UNWRITTEN) return within(TELL_MS, this.journal.tell(draft));
    this.noteGivenUp(draft.call_id, 1, 'too many wait for the disk');
    return Promise.resolve();
  }

  /** Statuses that are not delivered yet. */
  waiting(): number {
    let count = this.journal.waitingToBeWritten() + this.journal.waitingToBeRead();
    for (const { lane } of this.journal.calls.values()) if (lane !== undefined) count += lane.told - lane.delivered;
    return count;
  }

  /** Why nothing can be written; undefined while all is well. */
  trouble(): string | undefined {
    return this.journal.trouble();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.sweeps);
    await this.delivery.stop();
    await this.sweeping;
    await this.journal.stop();
  }

  /** A file that cannot be read is asked for again and again: the others do not wait for it. */
  private async readOn(unread: Iterable<string>): Promise<void> {
    for (const callId of unread) if (!this.stopped) await within(TELL_MS, this.journal.load(callId));
  }

  private damaged(lane: Lane): void {
    const { callId } = lane;
    this.forget(callId, () => this.giveUp(callId, lane.told - lane.delivered, 'the file is damaged')).catch(
      (error: unknown) => {
        this.settings.logger.warn({ err: error, call_id: callId }, 'a damaged file cannot be moved');
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
    this.settings.logger.error({ call_id: callId, statuses, reason }, 'call statuses are given up');
  }

  private sweepOnce(): void {
    this.sweeping ??= this.sweep()
      .catch((error: unknown) => {
        this.settings.logger.warn({ err: error }, 'files of delivered call statuses cannot be removed');
      })
      .finally(() => {
        this.sweeping = undefined;
      });
  }

  private async sweep(): Promise<void> {
    const { maxCalls } = this.settings;
    const all = [...this.journal.calls.values()];
    // They are in the order in which they began, but for those of the life before, which come as their names do.
    if (all.length > maxCalls) all.sort((a, b) => a.since - b.since);
    for (const told of all) {
      const crowded = this.journal.calls.size > maxCalls;
      const fate = this.fateOf(told, crowded);
      if (fate === undefined) continue;
      const { told: count, delivered } = told.lane!;
      await this.forget(told.callId, () =>
        fate === 'remove'
          ? this.files.remove(told.callId)
          : this.giveUp(told.callId, count - delivered, crowded ? 'too many wait' : 'not delivered in time'),
      );
    }
  }

  /** What is to become of it: nothing, while it is of use. */
  private fateOf(call: Told, crowded: boolean): 'remove' | 'give-up' | undefined {
    const { now, lingerMs, retentionMs } = this.settings;
    if (this.isUsed(call)) return undefined;
    if (call.doneAt !== undefined) return now() - call.doneAt >= lingerMs ? 'remove' : undefined;
    if (this.isUnwanted(call)) return 'remove';
    if (!crowded && now() - call.since < retentionMs) return undefined;
    return call.lane!.told > call.lane!.delivered ? 'give-up' : 'remove';
  }

  private isUsed({ callId, lane }: Told): boolean {
    return (
      lane === undefined || lane.state === 'sending' || this.journal.isBusy(callId) || this.settings.isLive(callId)
    );
  }

  private isUnwanted({ unasked, lane }: Told): boolean {
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
