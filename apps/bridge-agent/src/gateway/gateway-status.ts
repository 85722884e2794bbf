import type { GatewayStatus, RegistrationState } from '@trunkmesh/contracts/bridge.js';
import { parseGatewayName, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { ObservedGateway } from './observed.js';

/** Why a trunk's state in FreeSWITCH is not as desired, for the organisation's admin. */
export interface GatewayProblem {
  code: string;
  message: string;
}

export interface StatusSources {
  trunk: TrunkState;
  bridgeId: string;
  /** Every revision of the trunk in FreeSWITCH. */
  gateways: readonly ObservedGateway[];
  problem: GatewayProblem | null;
  /** The current gateway while it is being recreated and FreeSWITCH does not have it. */
  remaking?: ObservedGateway | undefined;
  /** The state published last, possibly by an earlier run of this agent: FreeSWITCH keeps no SIP status. */
  last: GatewayStatus | undefined;
  now: string;
  /** The target of the gateway's host name; absent for a literal address; null if it is not known yet. */
  addresses?: readonly string[] | undefined | null;
  /** The only address to which REGISTERs are sent. */
  hop?: string | undefined;
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

/**
 * One trunk on this bridge as readers see it. The steps of an attempt are hidden: between two failures a trunk stays
 * FAILED.
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
 * Claims follow this state. An agent that has just started must not revoke what it published before, so the last
 * published state holds until there is a new outcome.
 */
function addressesOf({ trunk, addresses, last }: StatusSources): Pick<GatewayStatus, 'addresses'> {
  if (addresses === undefined) return {};
  if (addresses !== null) return { addresses: [...addresses] };
  const isOld = last?.addresses === undefined || last.desired_revision !== trunk.gateway_revision;
  return isOld ? {} : { addresses: last.addresses };
}

/**
 * The source address of a REGISTER's response is evidence that the trunk is served from there. But over UDP anybody who
 * has seen the REGISTER can forge it (tried: FreeSWITCH accepts it). So it counts only if it is the one address to
 * which the REGISTER was sent: nobody else has seen the request. FreeSWITCH does not list the address with its
 * gateways, so after a restart of the agent the last published one holds.
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

/** Whether the difference is visible to readers. */
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
 * Whether the change becomes an event: a new lasting state or a new failure, but no intermediate steps or repeated
 * failures.
 */
export function isWorthAnEvent(before: GatewayStatus | undefined, after: GatewayStatus): boolean {
  if (after.state === null || !WORTH_AN_EVENT.has(after.state)) return false;
  return (
    before === undefined ||
    before.state !== after.state ||
    before.ping !== after.ping ||
    before.sip_status !== after.sip_status ||
    before.applied_revision !== after.applied_revision
  );
}

/** Whether the requested change has finished for now: applied and in a lasting state, or impossible. */
export function hasArrived(status: GatewayStatus): boolean {
  if (status.error !== null) return true;
  return (
    status.applied_revision === status.desired_revision && status.state !== null && WORTH_AN_EVENT.has(status.state)
  );
}
