import { OUTBOUND_DEFAULTS } from '@trunkmesh/contracts/outbound-settings.js';

/** To reach a bridge. */
const MARGIN_SECONDS = 30;
/** At least: a trunk may get limits meanwhile. */
const QUEUE_SECONDS = 30;
/** From the turn of an attempt until it rings: also another bridge may have to take the call first. */
const SET_UP_SECONDS = 15;
/** As many as a plan may have. */
const MAX_ATTEMPTS = 8;

/** What the trunk of an attempt says of its time; null: nothing. */
export interface TrunkTimes {
  ring_seconds: number | null;
  /** How long a call may wait for its turn; null: it has no limits. */
  queue_seconds: number | null;
}

/**
 * Nothing is dialled after this time: time to reach a bridge, to wait in the queue of each trunk, and for each attempt
 * before the last one to be set up and to ring. `trunks`: those of the plan, in its order. `ringSeconds`: of the
 * request, in place of what the trunks say.
 */
export function dialUntilOf(requestedAt: string, trunks: readonly TrunkTimes[], ringSeconds?: number): string {
  return after(requestedAt, queuesOf(trunks), attemptsOf(trunks.slice(0, -1), ringSeconds));
}

/**
 * The same of a request that has no plan: no plan over these trunks, of which any may be left out, gives a later time.
 */
export function latestDialUntil(requestedAt: string, trunks: readonly TrunkTimes[], ringSeconds?: number): string {
  const timeOf = (trunk: TrunkTimes): number => queuesOf([trunk]) + attemptsOf([trunk], ringSeconds);
  const longest = [...trunks].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, MAX_ATTEMPTS);
  return after(requestedAt, QUEUE_SECONDS + queuesOf(longest), attemptsOf(longest, ringSeconds));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const queuesOf = (trunks: readonly TrunkTimes[]): number => sum(trunks.map(({ queue_seconds }) => queue_seconds ?? 0));
const attemptsOf = (trunks: readonly TrunkTimes[], ringSeconds: number | undefined): number =>
  sum(
    trunks.map(
      ({ ring_seconds }) => SET_UP_SECONDS + (ringSeconds ?? ring_seconds ?? OUTBOUND_DEFAULTS.ring_timeout_seconds),
    ),
  );

function after(requestedAt: string, queueSeconds: number, attemptSeconds: number): string {
  const seconds = MARGIN_SECONDS + Math.max(QUEUE_SECONDS, queueSeconds) + attemptSeconds;
  return new Date(Date.parse(requestedAt) + seconds * 1_000).toISOString();
}
