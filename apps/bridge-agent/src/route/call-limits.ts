/**
 * A trunk's limits as they are set; `null`: none. They hold on this host: a trunk by address that lives on several has
 * them on each.
 */
export interface TrunkLimits {
  max_channels: number | null;
  max_cps: number | null;
}

interface Used {
  channels: number;
  tokens: number;
  at: number;
}
export type CallLimits = Map<string, Used>;

/**
 * Takes one channel of the trunk, or returns the reason why not. New calls a second are counted by a bucket that holds
 * one second's worth, at least one call: a carrier that sends its allowance evenly is never refused. `now` in
 * milliseconds.
 */
export function takeChannel(
  limits: CallLimits,
  trunkId: string,
  { max_channels, max_cps }: TrunkLimits,
  now: number,
): boolean {
  const bucket = Math.max(1, max_cps ?? 1);
  const { channels, tokens, at } = limits.get(trunkId) ?? { channels: 0, tokens: bucket, at: now };
  const filled = Math.min(bucket, tokens + (Math.max(0, now - at) / 1000) * (max_cps ?? 0));
  const fits = channels < (max_channels ?? Infinity) && (max_cps === null || filled >= 1);
  limits.set(trunkId, {
    channels: fits ? channels + 1 : channels,
    tokens: fits && max_cps !== null ? filled - 1 : filled,
    at: now,
  });
  return fits;
}

/** Counts a channel that is already in use, for example after a restart. */
export function occupyChannel(limits: CallLimits, trunkId: string, now: number): void {
  const used = limits.get(trunkId);
  if (used === undefined) limits.set(trunkId, { channels: 1, tokens: Number.MAX_SAFE_INTEGER, at: now });
  else used.channels += 1;
}

export function freeChannel(limits: CallLimits, trunkId: string): void {
  const used = limits.get(trunkId);
  if (used !== undefined && used.channels > 0) used.channels -= 1;
}

/** An entry without a channel and with a full bucket equals a new entry and is dropped. */
export function forgetIdle(limits: CallLimits, now: number): void {
  for (const [trunkId, { channels, at }] of limits) if (channels === 0 && now - at > 60_000) limits.delete(trunkId);
}
