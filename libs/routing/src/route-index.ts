import { createAddressIndex, type AddressIndex } from './address.js';
import { acquire, createInterned, release, type Interned } from './interned.js';
import type { Dialect } from './number-format.js';
import { createNumberTable, type NumberTable } from './number-table.js';
import type { TrunkCache } from './trunk-cache.js';
import type { AddressClaim, ListedCarrier, OrganizationEntry, Standing, TrunkEntry } from './route-entries.js';

/**
 * All that routing knows, in memory: organisations, trunks, their addresses, numbers. It depends on the last event of
 * each subject only, never on the order in which subjects arrive: a number may come before its trunk, a trunk before
 * its organisation.
 */
export interface RouteIndex {
  readonly organizations: Interned<OrganizationEntry>;
  /** Trunks that exist, by id. */
  readonly trunks: Map<string, TrunkEntry>;
  /**
   * Every trunk that exists or that a number names, under its organisation: a number of one organisation can never
   * count for a trunk of another.
   */
  readonly trunkEntries: Interned<TrunkEntry>;
  readonly addresses: AddressIndex<AddressClaim>;
  /** Organisations by the networks that they have evidence for, and the same as `<organisation's handle>/<network>`. */
  readonly evidence: AddressIndex<OrganizationEntry>;
  readonly evidenceKeys: Set<string>;
  /** The operator's list of carriers whose addresses many customers share. */
  readonly carriers: Map<string, ListedCarrier>;
  readonly carrierNetworks: AddressIndex<ListedCarrier>;
  /**
   * Who counts at an address, kept from one call to the next until a claim, evidence or a listed network there
   * changes.
   */
  readonly standings: Map<string, Standing>;
  readonly dialects: Interned<Dialect>;
  readonly countries: Interned<ReadonlySet<string>>;
  readonly numbers: NumberTable;
  readonly only: RouteFilter | undefined;
  /** For events read from bytes; made with the first. */
  trunkCache: TrunkCache | undefined;
}

/** What a bridge keeps: its pool's trunks, and the numbers of the organisations that have one of them. */
export interface RouteFilter {
  pool: string;
  /**
   * An organisation got its first trunk in the pool (`true`: its numbers were ignored so far and must be read again) or
   * lost its last (`false`: its numbers were dropped). Called while an event is applied.
   */
  onOrganization?: (organizationId: string, kept: boolean) => void;
}

export function createRouteIndex(only?: RouteFilter): RouteIndex {
  return {
    organizations: createInterned(),
    trunks: new Map(),
    trunkEntries: createInterned(),
    addresses: createAddressIndex(),
    evidence: createAddressIndex(),
    evidenceKeys: new Set(),
    carriers: new Map(),
    carrierNetworks: createAddressIndex(),
    standings: new Map(),
    dialects: createInterned(),
    countries: createInterned(),
    numbers: createNumberTable(),
    only,
    trunkCache: undefined,
  };
}

/** Reference-counted: its own state, each trunk entry and each number hold one reference. */
export function holdOrganization(index: RouteIndex, id: string): OrganizationEntry {
  const { organizations } = index;
  return organizations.values[acquire(organizations, id, (handle) => ({ id, handle, state: null, trunks: [] }))]!;
}

/** Held by the trunk's own state and each number assigned to it. */
export function holdTrunk(index: RouteIndex, organization: OrganizationEntry, id: string): TrunkEntry {
  const { trunkEntries } = index;
  // Nearly always the trunk is there already, and then no key has to be made for it.
  const known = index.trunks.get(id);
  if (known?.organization === organization) {
    trunkEntries.uses[known.handle]!++;
    return known;
  }
  return trunkEntries.values[
    acquire(trunkEntries, `${organization.handle}/${id}`, (handle) => {
      holdOrganization(index, organization.id);
      return { id, handle, organization, state: null, claims: [], activeNumbers: 0, activeRows: 0 };
    })
  ]!;
}

export function releaseOrganization(index: RouteIndex, entry: OrganizationEntry): void {
  release(index.organizations, entry.handle);
}

export function releaseTrunk(index: RouteIndex, entry: TrunkEntry): void {
  release(index.trunkEntries, entry.handle);
  if (index.trunkEntries.values[entry.handle] === undefined) releaseOrganization(index, entry.organization);
}
