/** A trunk's limits, null: none, and how they are used now, on all bridges. */
export interface TrunkUse {
  max_channels: number | null;
  max_cps: number | null;
  /** Channels in use. */
  channels: number;
  /** Permits that were granted within `cpsWindowSeconds`. */
  recent: number;
  /** Attempts that wait for longer. */
  ahead: number;
}

/** `wait_ms`: when it is worth asking again. */
export type Permitted = { granted: true } | { granted: false; wait_ms: number };

const CHANNEL_WAIT_MS = 250;
const SHORTEST_WAIT_MS = 20;

/** The time in which new calls are counted: a second, or as long as one call takes up a limit below one. */
export const cpsWindowSeconds = (maxCps: number | null): number => (maxCps === null || maxCps >= 1 ? 1 : 1 / maxCps);

/** First in, first out: nobody overtakes who waits for longer. */
export function permitted({ max_channels, max_cps, channels, recent, ahead }: TrunkUse): Permitted {
  if (max_channels !== null && channels + ahead >= max_channels) return { granted: false, wait_ms: CHANNEL_WAIT_MS };
  if (max_cps !== null && recent + ahead >= Math.max(1, Math.floor(max_cps))) {
    const wait_ms = Math.ceil(((ahead + 1) * 1_000) / max_cps);
    return { granted: false, wait_ms: Math.min(1_000, Math.max(SHORTEST_WAIT_MS, wait_ms)) };
  }
  return { granted: true };
}
