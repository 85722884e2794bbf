import type { InboundRequest } from '@trunkmesh/contracts/routing.js';
import { contains, lookupAddress, parseAddress, type Address, type Cidr } from './address.js';
import { NEUTRAL } from './number-format.js';
import type { RouteIndex } from './route-index.js';
import type { AddressClaim, Candidate, OrganizationEntry, Standing, TrunkEntry } from './route-entries.js';

/**
 * Who counts for this call: by the claims in the log, and by names that the bridge has resolved and the log does not
 * hold yet.
 */
export function standingOf(
  index: RouteIndex,
  request: Pick<InboundRequest, 'source_address' | 'pool' | 'resolved_trunks'>,
): Standing {
  const known = standingAt(index, request.source_address, request.pool);
  const fresh = freshTrunks(index, request, known.address);
  return fresh.size === 0 ? known : withFresh(known, fresh);
}

/** More addresses than callers of a bridge use at a time. Beyond the limit the oldest entries are dropped and computed
 * again when needed. */
const MAX_KEPT = 4_096;

function standingAt(index: RouteIndex, source: string, pool: string): Standing {
  const key = `${pool} ${source}`;
  const kept = index.standings.get(key);
  if (kept !== undefined) return kept;
  const standing = judge(index, parseAddress(source), pool);
  if (standing.address === undefined) return standing;
  if (index.standings.size >= MAX_KEPT) index.standings.delete(index.standings.keys().next().value!);
  index.standings.set(key, standing);
  return standing;
}

/** Called with every network at which a claim, evidence or a listed carrier came, changed or went. */
export function forgetStandings(index: RouteIndex, networks: readonly Cidr[]): void {
  if (index.standings.size === 0) return;
  for (const [key, { address }] of index.standings) {
    if (networks.some((network) => contains(network, address!))) index.standings.delete(key);
  }
}

interface Claimant {
  readonly candidates: Candidate[];
  oldest: AddressClaim;
}

const NOWHERE: Standing = {
  address: undefined,
  basis: 'oldest-claim',
  mode: 'sole',
  admitted: new Map(),
  claimants: new Set(),
  evident: new Set(),
  neutral: NEUTRAL,
};

function judge(index: RouteIndex, address: Address | undefined, pool: string): Standing {
  if (address === undefined) return NOWHERE;
  const claimants = claimantsAt(index, address, pool);
  const evident = new Set(lookupAddress(index.evidence, address).flat());
  const carrier = lookupAddress(index.carrierNetworks, address)[0]?.[0];
  const common = { address, claimants: new Set(claimants.keys()), evident, neutral: carrier?.dialect ?? NEUTRAL };
  if (carrier !== undefined)
    return { ...common, basis: 'listed', mode: 'shared', admitted: admit(claimants, claimants.keys()) };
  const proven = [...claimants.keys()].filter((organization) => evident.has(organization));
  if (proven.length > 0)
    return {
      ...common,
      basis: 'evidence',
      mode: proven.length > 1 ? 'shared' : 'sole',
      admitted: admit(claimants, proven),
    };
  return { ...common, basis: 'oldest-claim', mode: 'sole', admitted: admit(claimants, oldestOf(claimants)) };
}

function claimantsAt(index: RouteIndex, address: Address, pool: string): Map<OrganizationEntry, Claimant> {
  const claimants = new Map<OrganizationEntry, Claimant>();
  const seen = new Set<TrunkEntry>();
  for (const claim of lookupAddress(index.addresses, address).flat()) {
    const { trunk, matchedBy } = claim;
    if (!isCandidate(trunk) || (pool !== '' && trunk.state.pool !== pool)) continue;
    const claimant = claimants.get(trunk.organization) ?? { candidates: [], oldest: claim };
    claimants.set(trunk.organization, claimant);
    if (!seen.has(trunk)) claimant.candidates.push({ trunk, matchedBy });
    if (isBefore(claim, claimant.oldest)) claimant.oldest = claim;
    seen.add(trunk);
  }
  return claimants;
}

/**
 * A claim that yields is younger than every other; of the same moment the organisation with the older id, so that
 * every instance picks the same.
 */
function isBefore(a: AddressClaim, b: AddressClaim): boolean {
  if (a.yields !== b.yields) return b.yields;
  if (a.since !== b.since) return a.since < b.since;
  return a.trunk.organization.id < b.trunk.organization.id;
}

function oldestOf(claimants: ReadonlyMap<OrganizationEntry, Claimant>): OrganizationEntry[] {
  let oldest: AddressClaim | undefined;
  for (const claimant of claimants.values())
    if (oldest === undefined || isBefore(claimant.oldest, oldest)) oldest = claimant.oldest;
  return oldest === undefined ? [] : [oldest.trunk.organization];
}

function admit(
  claimants: ReadonlyMap<OrganizationEntry, Claimant>,
  organizations: Iterable<OrganizationEntry>,
): Map<OrganizationEntry, readonly Candidate[]> {
  const admitted = new Map<OrganizationEntry, readonly Candidate[]>();
  for (const organization of organizations) admitted.set(organization, claimants.get(organization)!.candidates);
  return admitted;
}

const isCandidate = (trunk: TrunkEntry): trunk is Candidate['trunk'] => trunk.state !== null;

type Fresh = Map<OrganizationEntry, Candidate[]>;

/** Trunks that the bridge says the address resolves for, and that do not claim it in the log yet. */
function freshTrunks(
  index: RouteIndex,
  { pool, resolved_trunks }: Pick<InboundRequest, 'pool' | 'resolved_trunks'>,
  address: Address | undefined,
): Fresh {
  const fresh: Fresh = new Map();
  for (const id of resolved_trunks) {
    const trunk = index.trunks.get(id);
    if (trunk === undefined || !isCandidate(trunk) || (pool !== '' && trunk.state.pool !== pool)) continue;
    if (address !== undefined && claims(trunk, address)) continue;
    const candidates = fresh.get(trunk.organization);
    if (candidates === undefined) fresh.set(trunk.organization, [{ trunk, matchedBy: 'resolved-host' }]);
    else if (!candidates.some((candidate) => candidate.trunk === trunk))
      candidates.push({ trunk, matchedBy: 'resolved-host' });
  }
  return fresh;
}

/** Whether one of the trunk's own claims holds the address. */
export const claims = (trunk: TrunkEntry, address: Address): boolean =>
  trunk.claims.some(({ cidr }) => contains(cidr, address));

/**
 * A claim that the log does not hold yet is the youngest: it adds to what is admitted, and alone it counts only where
 * nobody else claims the address.
 */
function withFresh(known: Standing, fresh: Fresh): Standing {
  const claimants = new Set([...known.claimants, ...fresh.keys()]);
  const added = addedBy(known, fresh);
  const proven = known.basis === 'listed' ? [] : added.filter((organization) => known.evident.has(organization));
  const basis = proven.length > 0 ? 'evidence' : known.basis;
  const admitted = new Map(basis === known.basis ? known.admitted : []);
  for (const organization of added)
    admitted.set(organization, [...(admitted.get(organization) ?? []), ...fresh.get(organization)!]);
  return { ...known, claimants, basis, mode: basis === 'listed' || admitted.size > 1 ? 'shared' : 'sole', admitted };
}

function addedBy(known: Standing, fresh: Fresh): OrganizationEntry[] {
  const organizations = [...fresh.keys()];
  if (known.basis === 'listed') return organizations;
  const certain = organizations.filter((organization) => known.evident.has(organization));
  if (certain.length > 0 || known.basis === 'evidence') {
    return organizations.filter(
      (organization) =>
        known.evident.has(organization) || (known.basis === 'evidence' && known.admitted.has(organization)),
    );
  }
  if (known.admitted.size > 0) return organizations.filter((organization) => known.admitted.has(organization));
  // UUIDv7: the older trunk's id is the smaller.
  const oldest = organizations.reduce((a, b) => (firstId(fresh.get(a)!) <= firstId(fresh.get(b)!) ? a : b));
  return [oldest];
}

const firstId = (candidates: readonly Candidate[]): string => candidates.map(({ trunk }) => trunk.id).sort()[0]!;
