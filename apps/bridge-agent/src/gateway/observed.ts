import type { RegistrationState } from '@trunkmesh/contracts/bridge.js';
import { parseGatewayName } from '@trunkmesh/contracts/trunk.js';

/** A gateway in FreeSWITCH and its observed history. Times in milliseconds since the epoch. */
export interface ObservedGateway {
  name: string;
  state: RegistrationState;
  /** FreeSWITCH's Ping-Status: whether it would place a call through it. */
  up: boolean;
  /** The last lasting state (`settledState`) and when it began; null until there is one. */
  settled: RegistrationState | null;
  settledAt: number;
  sipStatus: number | null;
  sipPhrase: string | null;
  /** The source address of the last answer to a REGISTER. */
  answeredFrom?: string | null;
  /** When a REGISTER was last answered 200; null: not seen. */
  registeredAt: number | null;
  /**
   * When the registrar certainly sent a new challenge: at the gateway's first REGISTER. Later ones may reuse the old
   * challenge.
   */
  challengedAt: number | null;
  /** Seen from its beginning, and not registered yet. */
  isNew: boolean;
  /** When it last failed or was last asked to retry; null if it is not failing. */
  triedAt: number | null;
  /** Since when a REGISTER is in flight; null if none is. */
  tryingAt: number | null;
  /** When it was asked to register again so that it can be removed properly (`reconcile`). */
  refreshedAt: number | null;
  /** Marked for deletion; FreeSWITCH takes one or two seconds. */
  killed: boolean;
  /** Failed while its predecessor was still bound: worth an immediate retry. */
  predecessorGone: boolean;
}

/** By name, the gateways of the mesh and foreign ones. */
export type Observed = ReadonlyMap<string, ObservedGateway>;

export interface ListedGateway {
  name: string;
  state: RegistrationState;
  up: boolean;
}

export interface GatewayStateSeen {
  name: string;
  state: RegistrationState;
  up: boolean;
  /** Only REGISTER and FAILED carry them; FAIL_WAIT, which follows, does not. */
  sipStatus: number | null;
  sipPhrase: string | null;
  /** The source of the last response to a REGISTER; absent if FreeSWITCH does not name it. */
  address?: string;
}

/**
 * Lasting states of a gateway. The others are steps of one attempt or the pause before the next, and would only
 * flicker.
 */
const SETTLED: ReadonlySet<RegistrationState> = new Set(['REGED', 'NOREG', 'FAILED', 'TIMEOUT', 'EXPIRED', 'DOWN']);

function settledState(state: RegistrationState): RegistrationState | null {
  // The registrar has answered 200; FreeSWITCH changes the state to REGED a second later, at its worker's next pass.
  if (state === 'REGISTER') return 'REGED';
  // A challenge of an unknown form fails without FAILED: FreeSWITCH only reports the pause.
  if (state === 'FAIL_WAIT') return 'FAILED';
  return SETTLED.has(state) ? state : null;
}

function fresh({ name, state, up }: ListedGateway, now: number): ObservedGateway {
  return {
    name,
    state,
    up,
    settled: settledState(state),
    settledAt: now,
    sipStatus: null,
    sipPhrase: null,
    registeredAt: null,
    challengedAt: null,
    isNew: false,
    triedAt: state === 'FAIL_WAIT' || state === 'FAILED' ? now : null,
    tryingAt: state === 'TRYING' ? now : null,
    refreshedAt: null,
    killed: false,
    predecessorGone: false,
  };
}

function enter(gateway: ObservedGateway, state: RegistrationState, now: number): ObservedGateway {
  const settled = settledState(state) ?? gateway.settled;
  const tryingAt = state === 'TRYING' ? (gateway.tryingAt ?? now) : null;
  return { ...gateway, state, settled, settledAt: settled === gateway.settled ? gateway.settledAt : now, tryingAt };
}

/**
 * The functions below mutate the map: a bridge has 5,000 gateways with four events each when they register, and copying
 * it for each event would cost seconds.
 */
export type ObservedMap = Map<string, ObservedGateway>;

/**
 * Applies a complete list from FreeSWITCH: gateways that are not in it are removed; the history of the others is kept.
 */
export function noteList(observed: ObservedMap, list: readonly ListedGateway[], now: number): void {
  const listed = new Set(list.map((gateway) => gateway.name));
  for (const name of [...observed.keys()]) if (!listed.has(name)) noteDeleted(observed, name);
  for (const gateway of list) {
    const known = observed.get(gateway.name);
    observed.set(
      gateway.name,
      known === undefined ? fresh(gateway, now) : { ...enter(known, gateway.state, now), up: gateway.up },
    );
  }
}

/** `was`: the same gateway before it was recreated; its settled state holds until the new one has an outcome. */
export function noteAdded(observed: ObservedMap, gateway: ListedGateway, now: number, was?: ObservedGateway): void {
  const kept =
    was === undefined
      ? {}
      : { settled: was.settled, settledAt: was.settledAt, sipStatus: was.sipStatus, sipPhrase: was.sipPhrase };
  observed.set(gateway.name, { ...fresh(gateway, now), isNew: true, ...kept });
}

export function noteDeleted(observed: ObservedMap, name: string): void {
  observed.delete(name);
  const trunk = parseGatewayName(name)?.id;
  if (trunk === undefined) return;
  // A registrar that allows one binding refuses the new revision while the old one is bound.
  for (const [other, gateway] of observed) {
    if (gateway.triedAt !== null && other.startsWith(trunk)) observed.set(other, { ...gateway, predecessorGone: true });
  }
}

export function noteState(observed: ObservedMap, seen: GatewayStateSeen, now: number): void {
  const known = observed.get(seen.name) ?? fresh(seen, now);
  const entered = enter(known, seen.state, now);
  const answered = { ...entered, ...answerOf(known, seen) };
  observed.set(seen.name, {
    ...answered,
    up: seen.up,
    answeredFrom: seen.address ?? known.answeredFrom,
    ...attemptOf(known, seen.state, now),
  });
}

/**
 * Two outcomes come without a status (recorded); an earlier attempt's would give a wrong cause. 908 is what FreeSWITCH
 * itself logs.
 */
function answerOf(known: ObservedGateway, { state, sipStatus, sipPhrase }: GatewayStateSeen): Partial<ObservedGateway> {
  if (sipStatus !== null) return { sipStatus, sipPhrase };
  if (state === 'TIMEOUT') return { sipStatus: 908, sipPhrase: 'No answer in time' };
  // Without FAILED between them: a challenge that its SIP stack could not read, and FreeSWITCH then had none to answer.
  return state === 'FAIL_WAIT' && known.state === 'TRYING'
    ? { sipStatus: 401, sipPhrase: 'Challenge in an unknown form' }
    : {};
}

const REGISTERED: ReadonlySet<RegistrationState> = new Set(['REGISTER', 'REGED', 'NOREG']);
const FAILED: ReadonlySet<RegistrationState> = new Set(['FAILED', 'TIMEOUT']);

function attemptOf(known: ObservedGateway, state: RegistrationState, now: number): Partial<ObservedGateway> {
  const registered =
    state === 'REGISTER' ? { registeredAt: now, isNew: false, ...(known.isNew ? { challengedAt: now } : {}) } : {};
  if (REGISTERED.has(state)) return { ...registered, triedAt: null };
  return FAILED.has(state) || (state === 'FAIL_WAIT' && known.state === 'TRYING') ? { triedAt: now } : {};
}

/** Notes what was requested from FreeSWITCH, for the next comparison. */
export function noteAsked(
  observed: ObservedMap,
  names: readonly string[],
  asked: 'refresh' | 'kill' | 'retry',
  now: number,
): void {
  const made: Partial<ObservedGateway> =
    asked === 'refresh'
      ? { refreshedAt: now }
      : asked === 'kill'
        ? { killed: true }
        : { triedAt: now, predecessorGone: false };
  for (const name of names) {
    const gateway = observed.get(name);
    if (gateway !== undefined) observed.set(name, { ...gateway, ...made });
  }
}
