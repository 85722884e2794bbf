import { backoffMs } from '@trunkmesh/runtime/backoff.js';

/** Where statuses are sent: the URL and its host. `unknown` and `none` are not URLs: statuses there wait. */
export interface Destination {
  key: string;
  host: string;
}
export const UNKNOWN: Destination = { key: 'unknown', host: '' };
export const NONE: Destination = { key: 'none', host: '' };

/**
 * The outcome of an attempt. `failed`: this status was refused, possibly because of its contents. `unreachable`: the
 * endpoint accepts nothing. `gone`: the URL is wrong until somebody corrects it.
 */
export type Verdict = { verdict: 'accepted' } | { verdict: 'failed' | 'unreachable' | 'gone'; retryAfterMs?: number };

export interface Pauses {
  firstMs: number;
  maxMs: number;
}

/**
 * An endpoint's health. It is `down` when it is unreachable, or refused statuses of several calls in a row: then one
 * call's status is tried at a time.
 */
export interface Health {
  unreachable: boolean;
  /** Calls whose statuses failed since the last acceptance, up to the limit. */
  failing: Set<string>;
  /** Failed rounds since the last acceptance. */
  rounds: number;
  pausedUntil: number;
  /** The endpoint's own Retry-After; a success does not cancel it. */
  notBefore: number;
}

/**
 * One call whose status an endpoint cannot handle must not block the others, so one or two failures do not count as
 * down.
 */
const SEVERAL = 3;
/** A very long Retry-After must not lose the waiting statuses. */
const LONGEST_WISH_MS = 3_600_000;

export const healthy = (): Health => ({
  unreachable: false,
  failing: new Set(),
  rounds: 0,
  pausedUntil: 0,
  notBefore: 0,
});
export const isDown = ({ unreachable, failing }: Health): boolean => unreachable || failing.size >= SEVERAL;
export const opensAt = ({ pausedUntil, notBefore }: Health): number => Math.max(pausedUntil, notBefore);

/** True if it was down until now. */
export function recovered(health: Health): boolean {
  const was = isDown(health);
  Object.assign(health, { unreachable: false, failing: new Set(), rounds: 0, pausedUntil: 0 });
  return was;
}

/** Concurrent failures count once: eight requests in flight at the moment of an outage are one round, not eight. */
export function failedAt(
  health: Health,
  callId: string,
  { verdict, retryAfterMs }: Exclude<Verdict, { verdict: 'accepted' }>,
  { now, random, pauses }: { now: number; random: number; pauses: Pauses },
): void {
  if (verdict !== 'failed') health.unreachable = true;
  if (health.failing.size < SEVERAL) health.failing.add(callId);
  if (retryAfterMs !== undefined)
    health.notBefore = Math.max(health.notBefore, now + Math.min(retryAfterMs, LONGEST_WISH_MS));
  if (!isDown(health)) return;
  if (verdict === 'gone') health.pausedUntil = Math.max(health.pausedUntil, now + backoffMs(30, random, pauses));
  if (now < health.pausedUntil) return;
  health.pausedUntil = now + backoffMs(health.rounds, random, pauses);
  health.rounds += 1;
}
