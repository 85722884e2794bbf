import type { AddressState } from '@trunkmesh/contracts/address.js';
import type { CallSettings } from '@trunkmesh/contracts/call-settings.js';
import type { CarrierState } from '@trunkmesh/contracts/carrier.js';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { InboundDecision, InboundRequest } from '@trunkmesh/contracts/routing.js';
import {
  entityOfSubject,
  type SubjectEntity,
  numberSubject,
  organizationSubject,
  trunkSubject,
} from '@trunkmesh/contracts/subjects.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { parseAddress } from '@trunkmesh/routing/address.js';
import { decideInbound } from '@trunkmesh/routing/decide-inbound.js';
import { formatE164 } from '@trunkmesh/routing/number-format.js';
import {
  ACTIVE,
  countriesOf,
  digitsOf,
  flagsOf,
  HAS_TARGET,
  idWords,
  NONE,
  organizationOf,
  PROVEN,
  rowOf,
  rowsOf,
  TARGET_ACTIVE,
  TARGET_IS_FLOW,
  targetOf,
  trunkOf,
} from '@trunkmesh/routing/number-table.js';
import { applyEvent, type StateEvent } from '@trunkmesh/routing/route-events.js';
import { createRouteIndex, type RouteIndex } from '@trunkmesh/routing/route-index.js';
import { claims, standingOf } from '@trunkmesh/routing/standing.js';
import { formatUuid } from '@trunkmesh/routing/uuid-words.js';
import type { Route } from '../live/call-events.js';
import type { TrunkLimits } from './call-limits.js';
import type { CustomerSettings } from './call-treatment.js';

/**
 * The local copy for routing while routing-service does not answer: the pool's trunks, their organisations, and those
 * organisations' numbers.
 */
export interface LocalCopy {
  readonly pool: string;
  readonly index: RouteIndex;
  /**
   * The full states: the index keeps only what routing reads, but a snapshot and the limits need the rest. Numbers come
   * from the index.
   */
  readonly states: Map<string, KeptState>;
  /** Numbers with their own call settings, by subject; most have none. */
  readonly numberSettings: Map<string, { id: string; settings: CallSettings }>;
  /** The same by the number's id. */
  readonly settingsOfNumber: Map<string, CallSettings>;
}

type KeptState = OrganizationState | TrunkState | AddressState | CarrierState;

export type SnapshotLine = readonly [subject: string, state: unknown];

/** `onOrganization`: called when an organisation's numbers, ignored so far, are needed from now on. */
export function createLocalCopy(pool: string, onOrganization: (organizationId: string) => void): LocalCopy {
  const index = createRouteIndex({
    pool,
    onOrganization: (id, kept) => {
      if (kept) onOrganization(id);
      else forgetSettings(copy, id);
    },
  });
  const copy: LocalCopy = { pool, index, states: new Map(), numberSettings: new Map(), settingsOfNumber: new Map() };
  return copy;
}

export function applyToCopy(copy: LocalCopy, subject: string, event: StateEvent): void {
  if (!applyEvent(copy.index, subject, event)) return;
  const { state } = event.data;
  const entity = entityOfSubject(subject);
  if (entity !== undefined) keepEntity(copy, entity.kind, { subject, state });
}

function keepEntity(
  copy: LocalCopy,
  kind: SubjectEntity['kind'],
  { subject, state }: { subject: string; state: unknown },
): void {
  switch (kind) {
    case 'organization':
    case 'address':
    case 'carrier':
      return keep(copy, subject, state as KeptState | null);
    case 'trunk':
      return keepTrunk(copy, subject, state as TrunkState | null);
    case 'number':
      return keepSettings(copy, subject, state as NumberState | null);
    case 'rate-plan':
    case 'bridge':
      return undefined;
  }
}

/** Its last trunk has left the pool: its numbers are dropped. */
function forgetSettings({ numberSettings, settingsOfNumber }: LocalCopy, organizationId: string): void {
  for (const [subject, { id }] of numberSettings) {
    const entity = entityOfSubject(subject);
    if (entity?.kind !== 'number' || entity.org !== organizationId) continue;
    numberSettings.delete(subject);
    settingsOfNumber.delete(id);
  }
}

function keepSettings(copy: LocalCopy, subject: string, state: NumberState | null): void {
  const known = copy.numberSettings.get(subject);
  if (known !== undefined) copy.settingsOfNumber.delete(known.id);
  copy.numberSettings.delete(subject);
  if (state?.call_settings === undefined) return;
  copy.numberSettings.set(subject, { id: state.id, settings: state.call_settings });
  copy.settingsOfNumber.set(state.id, state.call_settings);
}

function keep(copy: LocalCopy, subject: string, state: KeptState | null): void {
  if (state === null) copy.states.delete(subject);
  else copy.states.set(subject, state);
}

/** The sealed password is of no use here, so it is not written to another file. */
function keepTrunk(copy: LocalCopy, subject: string, state: TrunkState | null): void {
  keep(copy, subject, state?.bridge_pool === copy.pool ? { ...state, password: null } : null);
}

/**
 * This host does not need the numbers of organisations without a trunk in the pool; most are such, and reading them
 * costs time.
 */
export function wantsNumber(copy: LocalCopy, subject: string): boolean {
  const entity = entityOfSubject(subject);
  if (entity?.kind !== 'number') return true;
  const handle = copy.index.organizations.handles.get(entity.org);
  return handle !== undefined && copy.index.organizations.values[handle]!.trunks.length > 0;
}

export const decideFromCopy = (copy: LocalCopy, request: InboundRequest): InboundDecision =>
  decideInbound(copy.index, request);

/**
 * Whether a call from this source may belong to this trunk: by its claims, or by its host name as this host resolved
 * it.
 */
export function isTrunkOfSource(copy: LocalCopy, trunkId: string, request: InboundRequest): boolean {
  const trunk = copy.index.trunks.get(trunkId);
  if (trunk === undefined) return false;
  const address = parseAddress(request.source_address);
  return request.resolved_trunks.includes(trunkId) || (address !== undefined && claims(trunk, address));
}

/**
 * Whether an acknowledged call that named the number in full would prove something new: that the organisation is
 * served from this source, or that the number is its own.
 */
export function wouldProve(
  { index }: LocalCopy,
  { organization_id, number }: Pick<Route, 'organization_id' | 'number'>,
  request: InboundRequest,
): boolean {
  const organization = index.organizations.handles.get(organization_id);
  const { address, evident } = standingOf(index, request);
  if (organization === undefined || address === undefined) return false;
  if (!evident.has(index.organizations.values[organization]!)) return true;
  const row = rowOf(index.numbers, Number(number), organization);
  return row >= 0 && (flagsOf(index.numbers, row) & PROVEN) === 0;
}

const NO_LIMITS: TrunkLimits = { max_channels: null, max_cps: null };

export function limitsOf(copy: LocalCopy, trunkSubjectOf: string): TrunkLimits {
  const state = copy.states.get(trunkSubjectOf);
  return state !== undefined && 'max_channels' in state
    ? { max_channels: state.max_channels ?? null, max_cps: state.max_cps ?? null }
    : NO_LIMITS;
}

/** Undefined if this host does not know the organisation yet. */
export function customerSettingsOf(
  copy: LocalCopy,
  organizationId: string,
  numberId: string | null,
): CustomerSettings | undefined {
  const organization = copy.states.get(organizationSubject(organizationId)) as OrganizationState | undefined;
  if (organization === undefined) return undefined;
  const number = numberId === null ? undefined : copy.settingsOfNumber.get(numberId);
  return {
    organization: { id: organizationId, settings: organization.call_settings ?? {} },
    number: number && { id: numberId!, settings: number },
  };
}

/** What a transfer needs: the trunk's carrier and the allowed countries. */
export function outboundRulesOf(
  copy: LocalCopy,
  organizationId: string,
  trunkId: string,
): { organization: OrganizationState; trunk: TrunkState } | undefined {
  const organization = copy.states.get(organizationSubject(organizationId)) as OrganizationState | undefined;
  const trunk = copy.states.get(trunkSubject(organizationId, trunkId)) as TrunkState | undefined;
  return organization === undefined || trunk === undefined ? undefined : { organization, trunk };
}

/**
 * The copy as events' states, everything else before numbers: applied in this order to an empty copy they make the
 * same one.
 */
export function* snapshotOf(copy: LocalCopy): Generator<SnapshotLine> {
  for (const [subject, state] of copy.states) yield [subject, state];
  for (const row of rowsOf(copy.index.numbers)) yield numberLine(copy, row);
}

function numberLine(
  { index: { numbers, organizations, trunkEntries, countries }, settingsOfNumber }: LocalCopy,
  row: number,
): SnapshotLine {
  const id = formatUuid(idWords(numbers, row));
  const settings = settingsOfNumber.get(id);
  const flags = flagsOf(numbers, row);
  const number = formatE164(digitsOf(numbers, row));
  const trunk = trunkOf(numbers, row);
  const allowed = countriesOf(numbers, row);
  const target = {
    kind: (flags & TARGET_IS_FLOW) === 0 ? 'assistant' : 'flow',
    id: targetOf(numbers, row),
    is_active: (flags & TARGET_ACTIVE) !== 0,
  };
  return [
    numberSubject(organizations.values[organizationOf(numbers, row)]!.id, number),
    {
      id,
      is_active: (flags & ACTIVE) !== 0,
      sip_trunk_id: trunk === NONE ? null : trunkEntries.values[trunk]!.id,
      allowed_country_codes: allowed === NONE ? null : [...countries.values[allowed]!],
      target: (flags & HAS_TARGET) === 0 ? null : target,
      // Routing only reads whether there is one.
      ...((flags & PROVEN) === 0 ? {} : { proof: {} }),
      ...(settings === undefined ? {} : { call_settings: settings }),
    },
  ];
}
