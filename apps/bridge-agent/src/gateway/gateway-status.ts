import type { GatewayStatus, RegistrationState } from '@trunkmesh/contracts/bridge.js';
import { parseGatewayName, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { ObservedGateway } from './observed.js';

/** Why a trunk is not in FreeSWITCH as it should be, for the organisation's admin. */
export interface GatewayProblem { code: string; message: string }

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
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

/** One trunk on this bridge as readers see it. An attempt's single steps do not show: between two failures a trunk stays FAILED. */
export function statusOf({ trunk, bridgeId, gateways, problem, remaking, last, now }: StatusSources): GatewayStatus {
  const current = newest(gateways) ?? remaking;
  return {
    organization_id: trunk.organization_id,
    trunk_id: trunk.id,
    bridge_id: bridgeId,
    desired_revision: trunk.gateway_revision,
    error: problem,
    ...(current === undefined ? ABSENT : seenOf(current, last)),
    ping: current === undefined || trunk.ping_seconds === null ? null : current.up ? 'up' : 'down',
    updated_at: now,
  };
}

const ABSENT = { applied_revision: null, state: null, sip_status: null, sip_phrase: null, since: null };

function seenOf(current: ObservedGateway, last: GatewayStatus | undefined): Pick<GatewayStatus, 'applied_revision' | 'state' | 'sip_status' | 'sip_phrase' | 'since'> {
  const applied = revisionOf(current);
  const state = current.settled ?? current.state;
  const same = last?.applied_revision === applied && last.state === state ? last : undefined;
  return { applied_revision: applied, state, ...answerOf(current, same), since: same?.since ?? iso(current.settledAt) };
}

function answerOf(current: ObservedGateway, same: GatewayStatus | undefined): Pick<GatewayStatus, 'sip_status' | 'sip_phrase'> {
  if (current.sipStatus !== null) return { sip_status: current.sipStatus, sip_phrase: current.sipPhrase };
  return { sip_status: same?.sip_status ?? null, sip_phrase: same?.sip_phrase ?? null };
}

function newest(gateways: readonly ObservedGateway[]): ObservedGateway | undefined {
  const alive = gateways.filter((gateway) => !gateway.killed);
  return alive.reduce<ObservedGateway | undefined>((best, gateway) => best === undefined || revisionOf(gateway) > revisionOf(best) ? gateway : best, undefined);
}

const revisionOf = (gateway: ObservedGateway) => parseGatewayName(gateway.name)?.gateway_revision ?? 0;

/** Whether readers would see a difference. */
export function sameStatus(a: GatewayStatus | undefined, b: GatewayStatus): boolean {
  if (a === undefined) return false;
  const { updated_at: _then, ...before } = a;
  const { updated_at: _now, ...after } = b;
  return JSON.stringify(before) === JSON.stringify(after);
}

const WORTH_AN_EVENT: ReadonlySet<RegistrationState> = new Set(['REGED', 'NOREG', 'FAILED', 'TIMEOUT', 'EXPIRED', 'DOWN']);

/** Whether the change is one that is kept: where a gateway arrived, or why it fails; not each step, and not the same failure again. */
export function isWorthAnEvent(before: GatewayStatus | undefined, after: GatewayStatus): boolean {
  if (after.state === null || !WORTH_AN_EVENT.has(after.state)) return false;
  return before === undefined || before.state !== after.state || before.sip_status !== after.sip_status || before.applied_revision !== after.applied_revision;
}

/** Whether the change that was asked for has come to an end for now: applied and in a lasting state, or impossible. */
export function hasArrived(status: GatewayStatus): boolean {
  if (status.error !== null) return true;
  return status.applied_revision === status.desired_revision && status.state !== null && WORTH_AN_EVENT.has(status.state);
}
