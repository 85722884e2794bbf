import type { ObservedGateway } from './observed.js';

/** A gateway that was removed and added again under its own name, because FreeSWITCH had stopped sending for it. */
export interface Remake {
  /** Consecutive recreations without a registration. */
  times: number;
  at: number;
  /** Its last observed state, which readers see until the next attempt has an outcome. */
  was: ObservedGateway;
}

/** By gateway name. */
export type Remakes = ReadonlyMap<string, Remake>;

/** The carrier may have sent the unsupported challenge only for a moment. */
const FIRST_MS = 5_000;
const PAUSE_MS = 15_000;
/** After the carrier's repair a trunk registers again within this time and FreeSWITCH's own second or two. */
const PAUSE_CEILING_MS = 120_000;
/**
 * A gateway that FreeSWITCH takes away is DOWN for one or two seconds; one that stays DOWN was unregistered by hand
 * (`sofia profile … unregister`).
 */
const DOWN_MS = 5_000;

/** 904: credentials were refused; 908: no answer in time. After both FreeSWITCH goes on sending REGISTERs. */
const STILL_SENDING: ReadonlySet<number> = new Set([904, 908]);

/**
 * Whether FreeSWITCH has given the registration up within itself. A challenge that its SIP stack cannot answer (SHA-256
 * alone, or MD5 first and SHA-256 beside it) stays with the
 * gateway's handle: from then on every attempt ends as `900 Cannot add credentials` before anything is sent, whatever
 * the timers say (seen with sofia-sip 1.13.17, `auc_authorize`),
 * and `register` uses the same handle. Only a new gateway has a new one.
 */
export function sendsNothing({ state, sipStatus }: Pick<ObservedGateway, 'state' | 'sipStatus'>): boolean {
  if (state === 'DOWN') return true;
  return (
    (state === 'FAILED' || state === 'FAIL_WAIT') &&
    sipStatus !== null &&
    sipStatus >= 900 &&
    !STILL_SENDING.has(sipStatus)
  );
}

/**
 * When to recreate it; undefined if there is no need. The interval grows, so that a carrier that requires what
 * FreeSWITCH does not support is not flooded.
 */
export function remakeDueAt(gateway: ObservedGateway, last: Remake | undefined): number | undefined {
  if (gateway.killed || !sendsNothing(gateway)) return undefined;
  const since =
    gateway.state === 'DOWN' ? gateway.settledAt + DOWN_MS : (gateway.triedAt ?? gateway.settledAt) + FIRST_MS;
  if (last === undefined) return since;
  return Math.max(
    last.at + Math.min(PAUSE_MS * 2 ** (last.times - 1), PAUSE_CEILING_MS),
    gateway.state === 'DOWN' ? since : 0,
  );
}

/** Resets gateways that registered or are no longer desired to the shortest pause. */
export function forgetRemakes(
  remakes: Map<string, Remake>,
  wanted: ReadonlySet<string>,
  observed: ReadonlyMap<string, ObservedGateway>,
): void {
  for (const name of remakes.keys()) {
    const state = observed.get(name)?.state;
    if (!wanted.has(name) || state === 'REGED' || state === 'NOREG') remakes.delete(name);
  }
}

export function noteRemade(
  remakes: Map<string, Remake>,
  names: readonly string[],
  observed: ReadonlyMap<string, ObservedGateway>,
  now: number,
): void {
  for (const name of names) {
    const was = observed.get(name);
    if (was !== undefined)
      remakes.set(name, { times: Math.min((remakes.get(name)?.times ?? 0) + 1, 30), at: now, was });
  }
}
