import type { BridgeState, GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { trunkState } from '@trunkmesh/contracts/trunk.js';
import type { z } from 'zod';
import type { Health, HeardBridge } from '../bridge/liveness.js';
import type { BridgeVerdict, TrunkVerdict } from './trunk-verdict-view.js';
import { registrationHint } from './registration-hint.js';

/** What a verdict on a trunk depends on. */
export const judgedTrunk = trunkState.pick({
  id: true,
  name: true,
  enabled: true,
  register: true,
  bridge_pool: true,
  bridge_id: true,
  gateway_revision: true,
  gateway: true,
  outbound_proxy: true,
  username: true,
  auth_username: true,
  transport: true,
  realm: true,
  from_domain: true,
  expires_seconds: true,
});
export type JudgedTrunk = z.infer<typeof judgedTrunk>;

export interface VerdictBridge extends Pick<BridgeState, 'id' | 'pool' | 'sip_address' | 'status'> {
  health: Health;
  /** `freeswitch_lost_at` not null: what the gateways said last is what they were. */
  heard?: Pick<HeardBridge, 'freeswitch_lost_at'> | undefined;
}

/**
 * Where the trunk belongs: on its owner if it registers, otherwise on every bridge of its pool that was not retired.
 */
function expectedBridges(trunk: JudgedTrunk, bridges: readonly VerdictBridge[]): string[] {
  if (!trunk.enabled) return [];
  if (trunk.register) return trunk.bridge_id === null ? [] : [trunk.bridge_id];
  return bridges
    .filter((bridge) => bridge.pool === trunk.bridge_pool && bridge.status !== 'retired')
    .map((bridge) => bridge.id);
}

export function trunkVerdict(
  trunk: JudgedTrunk,
  bridges: readonly VerdictBridge[],
  statuses: readonly GatewayStatus[],
): TrunkVerdict {
  const expected = expectedBridges(trunk, bridges);
  const on = (id: string) => statuses.find((status) => status.bridge_id === id);
  const known = new Map(bridges.map((bridge) => [bridge.id, bridge]));
  const belonging = expected.map((id) => onBridge(trunk, { id, bridge: known.get(id), status: on(id) }));
  const leaving = statuses
    .filter((status) => !expected.includes(status.bridge_id))
    .map((status) => leavingBridge(trunk, status, known.get(status.bridge_id)));
  return { ...overall(trunk, belonging, leaving), bridges: [...belonging, ...leaving] };
}

interface Place {
  id: string;
  bridge: VerdictBridge | undefined;
  status: GatewayStatus | undefined;
}

const ALIVE = { serving: true, lost: false, unknown: null } as const;

type Reported = Omit<GatewayStatus, 'organization_id' | 'trunk_id' | 'bridge_id' | 'updated_at'> & {
  updated_at: string | null;
};
/** What a bridge that has said nothing has said. */
const NOT_REPORTED: Reported = {
  applied_revision: null,
  desired_revision: 0,
  error: null,
  state: null,
  sip_status: null,
  sip_phrase: null,
  ping: null,
  since: null,
  updated_at: null,
};

function row(trunk: JudgedTrunk, { id, bridge, status }: Place): Omit<BridgeVerdict, 'verdict' | 'reason'> {
  const { applied_revision, state, sip_status, sip_phrase, ping, since, updated_at }: Reported = status ?? NOT_REPORTED;
  const sip_address = bridge ? bridge.sip_address : null;
  const { message: hint, cause } = registrationHint({
    status: { state, sip_status, sip_phrase, ping },
    trunk,
    bridgeAddress: sip_address,
  }) ?? { message: null, cause: null };
  return {
    bridge_id: id,
    sip_address,
    alive: bridge ? ALIVE[bridge.health] : null,
    applied_revision,
    desired_revision: trunk.gateway_revision,
    registration: { state, sip_status, sip_phrase, hint, cause },
    ping,
    since,
    updated_at,
  };
}

type Judgement = Pick<BridgeVerdict, 'verdict' | 'reason'>;

function onBridge(trunk: JudgedTrunk, place: Place): BridgeVerdict {
  const base = row(trunk, place);
  return {
    ...base,
    ...(ofBridge(trunk, place) ??
      ofRevision(trunk, place.status!) ??
      ofRegistration(place.status!, base.registration.hint)),
  };
}

function ofBridge(trunk: JudgedTrunk, { id, bridge, status }: Place): Judgement | undefined {
  const hope = trunk.register ? '; the trunk is moved as soon as another bridge of the pool can take it' : '';
  if (bridge?.health === 'lost')
    return { verdict: 'failed', reason: `bridge ${id} sends no heartbeat, or its FreeSWITCH is down${hope}` };
  if (bridge?.heard && bridge.heard.freeswitch_lost_at !== null)
    return {
      verdict: 'pending',
      reason: `the FreeSWITCH of bridge ${id} is not connected; its gateways come back with it`,
    };
  return status ? undefined : { verdict: 'pending', reason: 'the bridge has not reported on this trunk yet' };
}

/** A failure of an older revision is old news: what counts is whether the latest one is there. */
function ofRevision(trunk: JudgedTrunk, status: GatewayStatus): Judgement | undefined {
  if (status.desired_revision < trunk.gateway_revision)
    return { verdict: 'pending', reason: 'the bridge has not seen the latest change yet' };
  if (status.error) return { verdict: 'failed', reason: status.error.message };
  return status.applied_revision === status.desired_revision
    ? undefined
    : { verdict: 'pending', reason: 'the bridge is applying the latest change' };
}

function ofRegistration({ state }: GatewayStatus, hint: string | null): Judgement {
  if (hint !== null) return { verdict: 'failed', reason: hint };
  if (state === 'REGED') return { verdict: 'live', reason: 'registered' };
  if (state === 'NOREG') return { verdict: 'live', reason: 'ready; the carrier is trusted by its address' };
  return { verdict: 'pending', reason: 'the registration is under way' };
}

function leavingBridge(trunk: JudgedTrunk, status: GatewayStatus, bridge: VerdictBridge | undefined): BridgeVerdict {
  return {
    ...row(trunk, { id: status.bridge_id, bridge, status }),
    verdict: 'leaving',
    reason: 'the bridge still has a gateway of this trunk and is asked to remove it',
  };
}

function overall(
  trunk: JudgedTrunk,
  belonging: readonly BridgeVerdict[],
  leaving: readonly BridgeVerdict[],
): Omit<TrunkVerdict, 'bridges'> {
  if (!trunk.enabled) {
    const rest = leaving.map((each) => each.bridge_id).join(', ');
    return {
      verdict: 'disabled',
      summary:
        rest === ''
          ? 'The trunk is disabled; no bridge has it.'
          : `The trunk is disabled; still being removed from ${rest}.`,
    };
  }
  if (belonging.length === 0)
    return {
      verdict: 'unplaced',
      summary:
        `No bridge of pool "${trunk.bridge_pool}" can take this trunk now; it is placed as soon as one is ` + 'alive.',
    };
  const failed = belonging.filter((each) => each.verdict === 'failed');
  if (failed.length > 0)
    return { verdict: 'failed', summary: sentence(`Failed on ${share(failed, belonging)}`, failed[0]!.reason) };
  const pending = belonging.filter((each) => each.verdict === 'pending');
  if (pending.length > 0)
    return { verdict: 'pending', summary: sentence(`Pending on ${share(pending, belonging)}`, pending[0]!.reason) };
  return {
    verdict: 'live',
    summary: sentence(`Live on ${belonging.map((each) => each.bridge_id).join(', ')}`, belonging[0]!.reason),
  };
}

const share = (some: readonly BridgeVerdict[], all: readonly BridgeVerdict[]) =>
  all.length === 1
    ? `bridge ${all[0]!.bridge_id}`
    : `${some.length} of ${all.length} bridges (${some.map((each) => each.bridge_id).join(', ')})`;
// What a bridge says may be a sentence already.
const sentence = (start: string, reason: string) => `${start}: ${reason.replace(/\.$/, '')}.`;
