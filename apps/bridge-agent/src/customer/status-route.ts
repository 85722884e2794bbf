import { backoffMs } from '@trunkmesh/runtime/backoff.js';

/**
 *  Where statuses go to: their URL, and the host that it is at. `unknown` and `none` are no URLs: what waits there is
 *  not sent.
 */
export interface Where {
  key: string;
  host: string;
}
export const UNKNOWN: Where = { key: 'unknown', host: '' };
export const NONE: Where = { key: 'none', host: '' };

/**
 * What an attempt came to. `failed`: this status was refused, which may be its own fault. `unreachable`: nobody can be
 * reached there, whatever is sent. `gone`: the URL is wrong until somebody puts it right.
 */
export type Verdict = { verdict: 'accepted' } | { verdict: 'failed' | 'unreachable' | 'gone'; retryAfterMs?: number };

export interface Pauses {
  firstMs: number;
  maxMs: number;
}

/**
 *  How an endpoint does. It is `down` when it cannot be reached, or refused what came from several calls one after
 *  another: then one call's status is tried at a time.
 */
export interface Health {
  unreachable: boolean;
  /** Calls whose statuses failed since one was accepted, as many as it takes. */
  failing: Set<string>;
  /** Rounds since one was accepted. */
  rounds: number;
  pausedUntil: number;
  /** What it asked for itself by Retry-After; a success does not take it back. */
  notBefore: number;
}

/** A call whose status an endpoint chokes on must not hold up the others, so one or two do not speak for it. */
const SEVERAL = 3;
/** A Retry-After that means `never` must not lose what waits. */
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

/** True: it was down until now. */
export function recovered(health: Health): boolean {
  const was = isDown(health);
  Object.assign(health, { unreachable: false, failing: new Set(), rounds: 0, pausedUntil: 0 });
  return was;
}

/** What failed together counts once: eight requests under way at the moment of an outage are one round, not eight. */
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
