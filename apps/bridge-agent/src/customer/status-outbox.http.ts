import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { callFilesIn } from './status-files.fs.js';
import type { StatusDraft } from './call-status.js';
import { startDelivery, type EndpointOf } from './status-delivery.http.js';
import { createJournal, type Told } from './status-journal.fs.js';
import type { Lane } from './status-lanes.js';
import type { Pauses } from './status-route.js';
import { observeStatuses, statusWebhooks } from './status-metrics.otel.js';

export type { Endpoint, EndpointOf } from './status-delivery.http.js';

export interface StatusOutbox {
  /**
   * Written before it resolves, a final status also synced to disk; never rejects. A disk that refuses is asked again,
   * and holds up the caller for a second at most: a call's record must not wait for it. Told after the call's final
   * status it is ignored, so that a call that is ended twice over a crash is told of once. Calls that nobody wants to
   * be told of cost nothing.
   */
  tell(draft: StatusDraft): Promise<void>;
  /** Statuses that are not delivered yet. */
  waiting(): number;
  /** Why nothing can be written; undefined while all is well. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

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
   *  How long the file of a call stays after its last status was delivered: whoever was killed then ends the call
   *  again, and that must not be told.
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

/** What customers are told of their calls' states: in order, signed, at least once, from disk. */
export async function startStatusOutbox(options: StatusOutboxOptions): Promise<StatusOutbox> {
  const { folder, endpointOf, logger, isLive, retentionMs, maxCalls, lingerMs, now, ...how } = {
    ...DEFAULTS,
    ...options,
  };
  const files = await callFilesIn(folder);
  const left = await files.list();
  const journal = createJournal({
    files,
    logger,
    now,
    unread: new Set(left),
    isWanted: ({ organizationId, numberId }) => {
      const endpoint = endpointOf(organizationId, numberId);
      return endpoint === 'not-known-yet' ? endpoint : endpoint !== undefined;
    },
    onWritten: (lane) => {
      delivery.wake(lane);
    },
  });
  const giveUp = (callId: string, statuses: number, reason: string): Promise<void> => {
    statusWebhooks.add(statuses, { outcome: 'given-up' });
    logger.error({ call_id: callId, statuses, reason }, 'call statuses are given up');
    return files.giveUp(callId).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  };
  const forget = async (callId: string, away: () => Promise<void>): Promise<void> => {
    const lane = journal.calls.get(callId)?.lane;
    if (lane !== undefined) delivery.remove(lane);
    journal.calls.delete(callId);
    await away();
  };
  const onDamaged = (lane: Lane): void => {
    void forget(lane.callId, () => giveUp(lane.callId, lane.told - lane.delivered, 'the file is damaged')).catch(
      (error: unknown) => {
        logger.warn({ err: error, call_id: lane.callId }, 'a damaged file cannot be moved');
      },
    );
  };
  const delivery = startDelivery({
    ...how,
    endpointOf,
    logger,
    now,
    read: journal.next,
    onDelivered: journal.delivered,
    onDamaged,
  });

  const isUsed = ({ callId, lane }: Told): boolean =>
    lane === undefined || lane.state === 'sending' || journal.isBusy(callId) || isLive(callId);
  const isUnwanted = ({ unasked, lane }: Told): boolean =>
    unasked && lane?.delivered === 0 && endpointOf(lane.owner.organizationId, lane.owner.numberId) === undefined;
  /** What is to become of it: nothing, while it is of use. */
  const fateOf = (call: Told, crowded: boolean): 'remove' | 'give-up' | undefined => {
    if (isUsed(call)) return undefined;
    if (call.doneAt !== undefined) return now() - call.doneAt >= lingerMs ? 'remove' : undefined;
    if (isUnwanted(call)) return 'remove';
    if (!crowded && now() - call.since < retentionMs) return undefined;
    return call.lane!.told > call.lane!.delivered ? 'give-up' : 'remove';
  };
  const sweep = async (): Promise<void> => {
    const all = [...journal.calls.values()];
    // They are in the order in which they began, but for those of the life before, which come as their names do.
    if (all.length > maxCalls) all.sort((a, b) => a.since - b.since);
    for (const told of all) {
      const crowded = journal.calls.size > maxCalls;
      const fate = fateOf(told, crowded);
      if (fate === undefined) continue;
      const { told: count, delivered } = told.lane!;
      await forget(told.callId, () =>
        fate === 'remove'
          ? files.remove(told.callId)
          : giveUp(told.callId, count - delivered, crowded ? 'too many wait' : 'not delivered in time'),
      );
    }
  };
  let sweeping: Promise<void> | undefined;
  const timer = setInterval(() => {
    sweeping ??= sweep()
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'files of delivered call statuses cannot be removed');
      })
      .finally(() => {
        sweeping = undefined;
      });
  }, how.sweepMs);

  let stopped = false;
  const unread = left.values();
  // A file that cannot be read is asked for again and again: the others do not wait for it.
  const readOn = async (): Promise<void> => {
    for (const callId of unread) if (!stopped) await within(TELL_MS, journal.load(callId));
  };
  for (let nth = 0; nth < READ_AT_ONCE; nth += 1) void readOn();

  const waiting = (): number => {
    let count = journal.waitingToBeWritten() + journal.waitingToBeRead();
    for (const { lane } of journal.calls.values()) if (lane !== undefined) count += lane.told - lane.delivered;
    return count;
  };
  observeStatuses({ waiting });
  return {
    tell: (draft) => {
      if (journal.waitingToBeWritten() < UNWRITTEN) return within(TELL_MS, journal.tell(draft));
      statusWebhooks.add(1, { outcome: 'given-up' });
      logger.error(
        { call_id: draft.call_id, statuses: 1, reason: 'too many wait for the disk' },
        'call statuses are given up',
      );
      return Promise.resolve();
    },
    waiting,
    trouble: journal.trouble,
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await delivery.stop();
      await sweeping;
      await journal.stop();
    },
  };
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
