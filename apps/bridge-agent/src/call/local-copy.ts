import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { InboundDecision, InboundRequest } from '@trunkmesh/contracts/routing.js';
import { entityOfSubject, numberSubject } from '@trunkmesh/contracts/subjects.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { candidatesOf } from '@trunkmesh/routing/candidates.js';
import { decideInbound } from '@trunkmesh/routing/decide-inbound.js';
import { formatE164 } from '@trunkmesh/routing/number-format.js';
import {
  ACTIVE, countriesOf, digitsOf, flagsOf, HAS_TARGET, idWords, NONE, organizationOf, rowsOf, TARGET_ACTIVE, TARGET_IS_FLOW, targetOf, trunkOf,
} from '@trunkmesh/routing/number-table.js';
import { applyEvent, type StateEvent } from '@trunkmesh/routing/route-events.js';
import { createRouteIndex, type RouteIndex } from '@trunkmesh/routing/route-index.js';
import { formatUuid } from '@trunkmesh/routing/uuid-words.js';
import type { TrunkLimits } from './call-limits.js';

/** What this host routes by while routing-service does not answer: its pool's trunks, their organisations, and those organisations' numbers. */
export interface LocalCopy {
  readonly pool: string;
  readonly index: RouteIndex;
  /** Of organisations and trunks the index keeps only what routing reads; a snapshot and the limits need the rest. Numbers come from the index. */
  readonly states: Map<string, OrganizationState | TrunkState>;
}

export type SnapshotLine = readonly [subject: string, state: unknown];

/** `onOrganization`: its numbers were ignored so far and are wanted from now on. */
export function createLocalCopy(pool: string, onOrganization: (organizationId: string) => void): LocalCopy {
  const index = createRouteIndex({ pool, onOrganization: (id, kept) => { if (kept) onOrganization(id); } });
  return { pool, index, states: new Map() };
}

export function applyToCopy(copy: LocalCopy, subject: string, event: StateEvent): void {
  if (!applyEvent(copy.index, subject, event)) return;
  const { state } = event.data;
  const kind = entityOfSubject(subject)?.kind;
  if (kind === 'organization' || kind === 'trunk') keep(copy, subject, kind, state as OrganizationState | TrunkState | null);
}

function keep(copy: LocalCopy, subject: string, kind: 'organization' | 'trunk', state: OrganizationState | TrunkState | null): void {
  const wanted = state !== null && (kind === 'organization' || (state as TrunkState).bridge_pool === copy.pool);
  if (!wanted) {
    copy.states.delete(subject);
    return;
  }
  // The sealed password is of no use here, so it is not written to another file.
  copy.states.set(subject, kind === 'trunk' ? { ...(state as TrunkState), password: null } : state);
}

/** Numbers of an organisation without a trunk in the pool are nothing to this host; reading them costs, and most are such. */
export function wantsNumber(copy: LocalCopy, subject: string): boolean {
  const entity = entityOfSubject(subject);
  if (entity?.kind !== 'number') return true;
  const handle = copy.index.organizations.handles.get(entity.org);
  return handle !== undefined && copy.index.organizations.values[handle]!.trunks.length > 0;
}

export const decideFromCopy = (copy: LocalCopy, request: InboundRequest): InboundDecision => decideInbound(copy.index, request);

/** Whether a call from this source may be this trunk's. */
export const isTrunkOfSource = (copy: LocalCopy, trunkId: string, request: InboundRequest): boolean =>
  candidatesOf(copy.index, { ...request, claimed_gateway: null, request_uri_user: '' }, null).some(({ trunk }) => trunk.id === trunkId);

const NO_LIMITS: TrunkLimits = { max_channels: null, max_cps: null };

export function limitsOf(copy: LocalCopy, trunkSubjectOf: string): TrunkLimits {
  const state = copy.states.get(trunkSubjectOf);
  return state !== undefined && 'max_channels' in state ? { max_channels: state.max_channels ?? null, max_cps: state.max_cps ?? null } : NO_LIMITS;
}

/** The copy as events' states, organisations and trunks before numbers: applied in this order to an empty copy they make the same one. */
export function* snapshotOf(copy: LocalCopy): Generator<SnapshotLine> {
  for (const [subject, state] of copy.states) yield [subject, state];
  for (const row of rowsOf(copy.index.numbers)) yield numberLine(copy.index, row);
}

function numberLine({ numbers, organizations, trunkEntries, countries }: RouteIndex, row: number): SnapshotLine {
  const flags = flagsOf(numbers, row);
  const number = formatE164(digitsOf(numbers, row));
  const trunk = trunkOf(numbers, row);
  const allowed = countriesOf(numbers, row);
  const target = { kind: (flags & TARGET_IS_FLOW) === 0 ? 'assistant' : 'flow', id: targetOf(numbers, row), is_active: (flags & TARGET_ACTIVE) !== 0 };
  return [numberSubject(organizations.values[organizationOf(numbers, row)]!.id, number), {
    id: formatUuid(idWords(numbers, row)),
    is_active: (flags & ACTIVE) !== 0,
    sip_trunk_id: trunk === NONE ? null : trunkEntries.values[trunk]!.id,
    allowed_country_codes: allowed === NONE ? null : [...countries.values[allowed]!],
    target: (flags & HAS_TARGET) === 0 ? null : target,
  }];
}
