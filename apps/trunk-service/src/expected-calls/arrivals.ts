import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { CallEvent, CallRejected, CallStarted } from '@trunkmesh/contracts/call.js';
import type { ExpectedCall } from '@trunkmesh/contracts/expected-call.js';
import {
  REFUSED_CALL_REASONS,
  type RefusedCallKnownBy,
  type RefusedCallReason,
} from '@trunkmesh/contracts/refused-call.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { contains, parseAddress, parseCidr } from '@trunkmesh/routing/address.js';
import { claimsOf } from '@trunkmesh/routing/claims.js';
import { namesTrunk } from '../refused/refused-owner.js';
import { visibleDecision } from '../routes/route-report.js';
import type { Arrival, ExpectationReport } from './expected-call-view.js';

/** A call that was refused before routing, or whose organisation routing was not certain of. */
export interface RefusedRow {
  bridge_id: string;
  source_address: string;
  called: string;
  number: string | null;
  organization_id: string | null;
  reason: RefusedCallReason;
  sip_status: number;
  detail: string | null;
  count: number;
  last_at: Date;
  /** Why it is the organisation's; null: nobody's. */
  known_by: RefusedCallKnownBy | null;
  trunk_id: string | null;
  /** As they are stored: joined with commas. */
  users: string;
}

export type TrunkOfArrivals = Pick<
  TrunkState,
  'id' | 'organization_id' | 'username' | 'gateway' | 'inbound_addresses' | 'address_claims' | 'created_at'
>;

export const MAX_SHOWN = 50;

export function isClaimed(trunk: TrunkOfArrivals, source: string): boolean {
  const address = parseAddress(source);
  return address !== undefined && claimsOf(trunk).some(({ network }) => contains(parseCidr(network)!, address));
}

export const usersOf = ({ users }: Pick<RefusedRow, 'users'>): string[] => users.split(',').filter(Boolean);

/** Why a refused call of nobody may be the trunk's; undefined: it is not. */
export function knownBy(trunk: TrunkOfArrivals, row: RefusedRow): 'trunk-user' | 'announced-address' | undefined {
  const { id, username = null } = trunk;
  if (namesTrunk({ id, username }, { ...row, users: usersOf(row) })) return 'trunk-user';
  return isClaimed(trunk, row.source_address) ? 'announced-address' : undefined;
}

/** A call that was decided for this organisation. Undefined: the event says nothing of how a call arrived. */
export function decidedArrival(trunk: TrunkOfArrivals, event: CallEvent): Arrival | undefined {
  if (event.type !== 'CallStarted' && event.type !== 'CallRejected') return undefined;
  const { data } = event;
  if (data.direction !== 'inbound' || data.organization_id !== trunk.organization_id) return undefined;
  const summary = data.decision && visibleDecision(data.decision, trunk.organization_id).explanation.summary;
  return {
    at: data.started_at,
    known_by: 'decision',
    source_address: data.source_address,
    from: data.caller_withheld === true ? null : data.from,
    called: data.to,
    trunk_id: data.trunk_id,
    bridge_id: data.bridge_id,
    call_sid: callSid(data.call_id),
    ...outcomeOf(event, summary),
    count: 1,
    add_address: null,
  };
}

type Outcome = Pick<Arrival, 'outcome' | 'sip_status' | 'reason' | 'message'>;

function outcomeOf(event: CallStarted | CallRejected, summary: string | null): Outcome {
  if (event.type === 'CallStarted')
    return { outcome: 'accepted', sip_status: null, reason: null, message: summary ?? 'The call was accepted.' };
  const { sip_status, reason } = event.data;
  return { outcome: 'refused', sip_status, reason, message: summary ?? `The call was refused: ${reason}.` };
}

/** These know no trunk: the bridge did not accept calls from the source. */
const ADDRESS_HELPS: ReadonlySet<RefusedCallReason> = new Set(['source-not-allowed', 'unknown-source']);

export function refusedArrival(
  trunk: TrunkOfArrivals,
  row: RefusedRow,
  known_by: Exclude<Arrival['known_by'], 'decision'>,
): Arrival {
  const { source_address: source, reason, detail } = row;
  const helps = ADDRESS_HELPS.has(reason) && source !== '' && !isClaimed(trunk, source);
  const todo = helps ? ` Add ${source} to the trunk if it is your PBX or carrier.` : '';
  return {
    at: row.last_at.toISOString(),
    outcome: 'refused',
    known_by,
    source_address: source === '' ? null : source,
    from: null,
    called: row.number ?? row.called,
    trunk_id: null,
    bridge_id: row.bridge_id,
    call_sid: null,
    sip_status: row.sip_status,
    reason,
    message: `${REFUSED_CALL_REASONS[reason]}${detail === null ? '' : ` (${detail})`}${todo}`,
    count: row.count,
    add_address: helps
      ? { method: 'POST', path: `/api/v1/sip-trunks/${trunk.id}/inbound-addresses`, body: { address: source } }
      : null,
  };
}

export function reportOf(expected: ExpectedCall, arrivals: readonly Arrival[], now: Date): ExpectationReport {
  const calls = [...arrivals].sort((one, other) => (one.at < other.at ? 1 : -1)).slice(0, MAX_SHOWN);
  const is_open = now.toISOString() < expected.expires_at;
  const [last] = calls;
  const { trunk_id, opened_at, expires_at, echo, from } = expected;
  const status = last === undefined ? (is_open ? 'waiting' : 'over') : last.outcome;
  return { trunk_id, opened_at, expires_at, echo, from, status, is_open, calls, next: nextOf(status, last) };
}

function nextOf(status: ExpectationReport['status'], last: Arrival | undefined): string {
  switch (status) {
    case 'waiting':
      return (
        'Call one of the numbers. If nothing appears within ten seconds, the call does not reach a bridge, or it ' +
        'comes from an unknown address and names none of your numbers in full: check the route of your PBX and its ' +
        'firewall.'
      );
    case 'refused':
      return `The last call was refused: ${last!.message}`;
    case 'accepted':
      return 'The last call was accepted. If you heard nothing, check that RTP reaches the bridge and your PBX.';
    case 'over':
      return 'Nothing arrived. POST to this address to wait again.';
  }
}
