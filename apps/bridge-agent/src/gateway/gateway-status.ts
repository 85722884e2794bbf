import type { GatewayStatus, RegistrationState } from '@trunkmesh/contracts/bridge.js';
import { parseGatewayName, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { ObservedGateway } from './observed.js';

/** Why a trunk is not in FreeSWITCH as it should be, for the organisation's admin. */
export interface GatewayProblem {
  code: string;
  message: string;
}

export interface StatusSources {
  trunk: TrunkState;
  bridgeId: string;
  /** Every revision of the trunk that FreeSWITCH has. */
  gateways: readonly ObservedGateway[];
  problem: GatewayProblem | null;
  /** The current one, while it is made anew and FreeSWITCH does not have it. */
  remaking?: ObservedGateway | undefined;
  /** What was published last, also by an earlier run of this agent: FreeSWITCH keeps no SIP status. */
  last: GatewayStatus | undefined;
  now: string;
  /** Where the gateway's host name leads; absent: it is a literal address; null: not known (yet). */
  addresses?: readonly string[] | undefined | null;
  /** The only address that REGISTERs are sent to. */
  hop?: string | undefined;
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

/**
 *  One trunk on this bridge as readers see it. An attempt's single steps do not show: between two failures a trunk
 *  stays FAILED.
 */
export function statusOf(sources: StatusSources): GatewayStatus {
  const { trunk, bridgeId, gateways, problem, remaking, last, now } = sources;
  const current = newest(gateways) ?? remaking;
  return {
    organization_id: trunk.organization_id,
    trunk_id: trunk.id,
    bridge_id: bridgeId,
    desired_revision: trunk.gateway_revision,
    error: problem,
    ...(current === undefined ? ABSENT : seenOf(current, last)),
    ping: current === undefined || trunk.ping_seconds === null ? null : current.up ? 'up' : 'down',
    ...addressesOf(sources),
    registered_address: current === undefined ? null : registeredAddress(current, sources),
    updated_at: now,
  };
}

/**
 * Claims follow what is said here. An agent that has just started must not take back what it said before, so until it
 * knows better its last word holds.
 */
function addressesOf({ trunk, addresses, last }: StatusSources): Pick<GatewayStatus, 'addresses'> {
  if (addresses === undefined) return {};
  if (addresses !== null) return { addresses: [...addresses] };
  const isOld = last?.addresses === undefined || last.desired_revision !== trunk.gateway_revision;
  return isOld ? {} : { addresses: last.addresses };
}

/**
 * Over UDP whoever has seen the REGISTER can send its answer under any source address (tried: FreeSWITCH takes it), and
 * this address is evidence that the trunk is served from there. So it counts only where it is the one address that the
 * REGISTER was sent to: nobody else has seen it. FreeSWITCH does not list the address with its gateways, so after a
 * restart of the agent the last word holds.
 */
function registeredAddress(current: ObservedGateway, { hop, last }: StatusSources): string | null {
  const { applied_revision, state } = seenOf(current, last);
  if (state !== 'REGED' || hop === undefined) return null;
  const before = last?.applied_revision === applied_revision && last.state === 'REGED' ? last.registered_address : null;
  const address = current.answeredFrom ?? before;
  return address === hop ? address : null;
}

const ABSENT = { applied_revision: null, state: null, sip_status: null, sip_phrase: null, since: null };

function seenOf(
  current: ObservedGateway,
  last: GatewayStatus | undefined,
): Pick<GatewayStatus, 'applied_revision' | 'state' | 'sip_status' | 'sip_phrase' | 'since'> {
  const applied = revisionOf(current);
  const state = current.settled ?? current.state;
  const same = last?.applied_revision === applied && last.state === state ? last : undefined;
  return { applied_revision: applied, state, ...answerOf(current, same), since: same?.since ?? iso(current.settledAt) };
}

function answerOf(
  current: ObservedGateway,
  same: GatewayStatus | undefined,
): Pick<GatewayStatus, 'sip_status' | 'sip_phrase'> {
  if (current.sipStatus !== null) return { sip_status: current.sipStatus, sip_phrase: current.sipPhrase };
  return { sip_status: same?.sip_status ?? null, sip_phrase: same?.sip_phrase ?? null };
}

function newest(gateways: readonly ObservedGateway[]): ObservedGateway | undefined {
  const alive = gateways.filter((gateway) => !gateway.killed);
  return alive.reduce<ObservedGateway | undefined>(
    (best, gateway) => (best === undefined || revisionOf(gateway) > revisionOf(best) ? gateway : best),
    undefined,
  );
}

const revisionOf = (gateway: ObservedGateway) => parseGatewayName(gateway.name)?.gateway_revision ?? 0;

/** Whether readers would see a difference. */
export function sameStatus(a: GatewayStatus | undefined, b: GatewayStatus): boolean {
  if (a === undefined) return false;
  const { updated_at: _then, ...before } = a;
  const { updated_at: _now, ...after } = b;
  return JSON.stringify(before) === JSON.stringify(after);
}

const WORTH_AN_EVENT: ReadonlySet<RegistrationState> = new Set([
  'REGED',
  'NOREG',
  'FAILED',
  'TIMEOUT',
  'EXPIRED',
  'DOWN',
]);

/**
 *  Whether the change is one that is kept: where a gateway arrived, or why it fails; not each step, and not the same
 *  failure again.
 */
export function isWorthAnEvent(before: GatewayStatus | undefined, after: GatewayStatus): boolean {
  if (after.state === null || !WORTH_AN_EVENT.has(after.state)) return false;
  return (
    before === undefined ||
    before.state !== after.state ||
    before.sip_status !== after.sip_status ||
    before.applied_revision !== after.applied_revision
  );
}

/** Whether the change that was asked for has come to an end for now: applied and in a lasting state, or impossible. */
export function hasArrived(status: GatewayStatus): boolean {
  if (status.error !== null) return true;
  return (
    status.applied_revision === status.desired_revision && status.state !== null && WORTH_AN_EVENT.has(status.state)
  );
}
