/**
 * How long to wait before attempt `attempt` (from 0): doubling from `firstMs` to `maxMs`, half of it by chance, so that
 * many clients do not come back in step.
 * `random` is in [0, 1).
 */
export function backoffMs(attempt: number, random: number, { firstMs = 100, maxMs = 5_000 } = {}): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(full / 2 + (full / 2) * random);
}
