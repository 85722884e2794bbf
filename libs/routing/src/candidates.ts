import type { InboundRequest } from '@trunkmesh/contracts/routing.js';
import { parseGatewayName } from '@trunkmesh/contracts/trunk.js';
import type { Dialect } from './number-format.js';
import type { Candidate } from './route-entries.js';

/** Candidates whose carriers write numbers alike. A number is read once for all of them. */
export interface DialectGroup {
  readonly dialect: Dialect;
  readonly candidates: readonly Candidate[];
}

/**
 * FreeSWITCH's contact for a gateway: the Request-URI user of a call to a registered trunk (FACTS, "Inbound calls").
 */
export const CONTACT_PREFIX = 'gw+';

/**
 * The trunk whose gateway the INVITE claims to call. The contact is read as well as FreeSWITCH's own word, which knows
 * only the gateway's present revision: a carrier may still hold the one before.
 */
export function claimedTrunk(
  request: Pick<InboundRequest, 'claimed_gateway' | 'request_uri_user'>,
): string | undefined {
  const contact = request.request_uri_user.startsWith(CONTACT_PREFIX)
    ? request.request_uri_user.slice(CONTACT_PREFIX.length)
    : undefined;
  const name = request.claimed_gateway ?? contact;
  return name === undefined ? undefined : (parseGatewayName(name)?.id ?? name);
}

/**
 * An organisation's candidates, narrowed to the trunk that the Request-URI claims where that is one of them. Any other
 * claim changes nothing: anybody can write it.
 */
export function narrowed(candidates: readonly Candidate[], request: InboundRequest): readonly Candidate[] {
  const claimed = candidates.length < 2 ? undefined : claimedTrunk(request);
  const found = claimed === undefined ? undefined : candidates.find((candidate) => candidate.trunk.id === claimed);
  return found === undefined ? candidates : [found];
}

export function groupByDialect(candidates: readonly Candidate[]): DialectGroup[] {
  const groups = new Map<Dialect, DialectGroup & { candidates: Candidate[] }>();
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
