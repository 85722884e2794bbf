/** A trunk's limits, null: none, and how they are used now, on all bridges. */
export interface TrunkUse {
  max_channels: number | null;
  max_cps: number | null;
  /** Channels in use. */
  channels: number;
  /** Permits of the time that `cpsWindow` says. */
  recent: number;
  /** Attempts that wait for longer. */
  ahead: number;
}

/** `wait_ms`: when it is worth asking again. */
export type Permitted = { granted: true } | { granted: false; wait_ms: number };

const CHANNEL_WAIT_MS = 250;
const SHORTEST_WAIT_MS = 20;

/** A limit of 2.5 calls a second is 3 calls in 1.2 seconds, one of 0.5 is one call in two seconds. */
export function cpsWindow(maxCps: number): { calls: number; seconds: number } {
  const calls = Math.ceil(maxCps);
  return { calls, seconds: calls / maxCps };
}

/** How many calls may be dialled at once now. */
export function roomOf({ max_channels, max_cps, channels, recent }: Omit<TrunkUse, 'ahead'>): number {
  const free = max_channels === null ? Infinity : max_channels - channels;
  const fresh = max_cps === null ? Infinity : cpsWindow(max_cps).calls - recent;
  return Math.max(0, Math.min(free, fresh));
}

/** A trunk with limits, as one more call finds it. */
export interface TrunkQueue extends Omit<TrunkUse, 'ahead'> {
  /** Calls that are not dialled yet, this one not counted. */
  waiting: number;
  queue_length: number;
}

/** Those that are about to be dialled take no place in the queue. */
export const queueIsFull = (queue: TrunkQueue): boolean => queue.waiting >= roomOf(queue) + queue.queue_length;

const RETRY_SECONDS = 5;
const LONGEST_RETRY_SECONDS = 60;

/** When a place in a full queue may be free: by `max_cps`, as a channel's end is not known. */
export const retryAfter = ({ max_cps, waiting, queue_length }: TrunkQueue): number =>
  max_cps === null
    ? RETRY_SECONDS
    : Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil((waiting - queue_length + 1) / max_cps)));

/** First in, first out: nobody overtakes who waits for longer. */
export function permitted({ max_channels, max_cps, channels, recent, ahead }: TrunkUse): Permitted {
  if (max_channels !== null && channels + ahead >= max_channels) return { granted: false, wait_ms: CHANNEL_WAIT_MS };
  if (max_cps !== null && recent + ahead >= cpsWindow(max_cps).calls) {
    const wait_ms = Math.ceil(((ahead + 1) * 1_000) / max_cps);
    return { granted: false, wait_ms: Math.min(1_000, Math.max(SHORTEST_WAIT_MS, wait_ms)) };
  }
  return { granted: true };
}
