import type { InboundRequest, RouteExplanation } from '@trunkmesh/contracts/routing.js';
import { parseGatewayName } from '@trunkmesh/contracts/trunk.js';
import { lookupAddress, parseAddress } from './address.js';
import type { Dialect } from './number-format.js';
import type { RoutedTrunk, RouteIndex, TrunkEntry } from './route-index.js';

/** A trunk that the call may have come from, by its source address. */
export interface Candidate {
  readonly trunk: TrunkEntry & { readonly state: RoutedTrunk };
  readonly matchedBy: RouteExplanation['candidates'][number]['matched_by'];
}

/** Candidates whose carriers write numbers alike. A number is read once for all of them. */
export interface DialectGroup {
  readonly dialect: Dialect;
  readonly candidates: Candidate[];
}

/**
 * Every trunk, enabled or not, that the source address belongs to, narrowed by the gateway that the Request-URI claims where that is one of them. A claim that
 * is not among them changes nothing: anybody can write it.
 */
export function candidatesOf(index: RouteIndex, request: InboundRequest, organizationId: string | null): Candidate[] {
  const found = bySource(index, request, organizationId);
  const claimed = claimedTrunk(request);
  const narrowed = claimed === undefined || found.length < 2 ? undefined : found.find((candidate) => candidate.trunk.id === claimed);
  return narrowed === undefined ? found : [narrowed];
}

function bySource(index: RouteIndex, request: InboundRequest, organizationId: string | null): Candidate[] {
  const found: Candidate[] = [];
  const seen = new Set<TrunkEntry>();
  const add = (trunk: TrunkEntry, matchedBy: Candidate['matchedBy']) => {
    if (trunk.state === null || seen.has(trunk)) return;
    if (request.pool !== '' && trunk.state.pool !== request.pool) return;
    if (organizationId !== null && trunk.organization.id !== organizationId) return;
    seen.add(trunk);
    found.push({ trunk: trunk as Candidate['trunk'], matchedBy });
  };
  const address = parseAddress(request.source_address);
  if (address !== undefined) {
    for (const claims of lookupAddress(index.addresses, address)) for (const claim of claims) add(claim.trunk, claim.matchedBy);
  }
  for (const id of request.resolved_trunks) {
    const trunk = index.trunks.get(id);
    if (trunk !== undefined) add(trunk, 'resolved-host');
  }
  return found;
}

/** FreeSWITCH's contact for a gateway: the Request-URI user of a call to a registered trunk (FACTS, "Inbound calls"). */
export const CONTACT_PREFIX = 'gw+';

/**
 * The trunk whose gateway the INVITE claims to call. The contact is read as well as FreeSWITCH's own word, which knows only the gateway's present revision: a carrier may
 * still hold the one before.
 */
export function claimedTrunk(request: Pick<InboundRequest, 'claimed_gateway' | 'request_uri_user'>): string | undefined {
  const contact = request.request_uri_user.startsWith(CONTACT_PREFIX) ? request.request_uri_user.slice(CONTACT_PREFIX.length) : undefined;
  const name = request.claimed_gateway ?? contact;
  return name === undefined ? undefined : parseGatewayName(name)?.id ?? name;
}

export function groupByDialect(candidates: readonly Candidate[]): DialectGroup[] {
  const groups = new Map<Dialect, DialectGroup>();
  for (const candidate of candidates) {
    const { dialect } = candidate.trunk.state;
    const group = groups.get(dialect);
    if (group === undefined) groups.set(dialect, { dialect, candidates: [candidate] });
    else group.candidates.push(candidate);
  }
  return [...groups.values()];
}

/** Lower priority number first, then by id, so that every instance picks the same. */
export function byPriority(a: Candidate, b: Candidate): number {
  return a.trunk.state.priority - b.trunk.state.priority || (a.trunk.id < b.trunk.id ? -1 : 1);
}

/** The one organisation that all of them belong to, or undefined. */
export function soleOrganization(candidates: readonly Candidate[]): string | undefined {
  const first = candidates[0]?.trunk.organization;
  return candidates.every((candidate) => candidate.trunk.organization === first) ? first?.id : undefined;
}
