import { Resolver } from 'node:dns/promises';
import { parseAddress, reachOf } from '@trunkmesh/routing/address-reach.js';
import { MAX_RESOLVED } from '@trunkmesh/routing/claims.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Lookup, Target } from './gateway-address.js';
import { resolveAll, type Found } from './name-lookup.net.js';

/**
 * The state of a gateway's host name. `waiting`: no answer yet. `unresolved`: looked up, and never resolved.
 * `forbidden`: one of its addresses is one that no carrier can have. Only `allowed` permits sending.
 */
export type NameStanding =
  { is: 'waiting' | 'unresolved' | 'forbidden' } | { is: 'allowed'; targets: readonly Target[] };

/** For tests. */
export interface LookUpOptions {
  /** Absent: the host's own. */
  servers?: readonly string[];
  floorMs?: number;
}

export interface AddressBookOptions extends LookUpOptions {
  /** Called when their state or their addresses have changed. */
  onChange(trunkIds: readonly string[]): void;
  /** Whether names may resolve to private addresses (ALLOW_PRIVATE_GATEWAYS). */
  allowPrivate: boolean;
  logger: Logger;
  /** For tests. */
  keepMs?: number;
}

/** The limits of the lookup interval: carriers publish TTLs from 0 to days. */
const FLOOR_MS = 10_000;
const CEILING_MS = 300_000;
/**
 * How long an address stays valid after the last answer that had it: a carrier's broken DNS must not block its calls,
 * and an abandoned address must not stay trusted permanently.
 */
const KEEP_MS = 24 * 3_600_000;
const CONCURRENT_LOOKUPS = 16;

interface Name {
  lookups: readonly Lookup[];
  trunks: Set<string>;
  addresses: readonly string[];
  standing: NameStanding;
  /** When an answer last had a forbidden address. */
  forbiddenAt: number;
  dueAt: number;
  /** When an answer last had this address. */
  seenAt: Map<string, number>;
  failures: number;
  busy: boolean;
}

/** The current addresses of the trunks' host names. */
export class AddressBook {
  private readonly resolver = new Resolver({ timeout: 2_000, tries: 2 });
  private readonly names = new Map<string, Name>();
  private readonly keyOf = new Map<string, string>();
  private running = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: AddressBookOptions) {
    if (options.servers) this.resolver.setServers(options.servers);
  }

  /** Sets the names to look up for this trunk; an empty list removes it. */
  track(trunkId: string, lookups: readonly Lookup[]): void {
    const key = lookups.map(({ type, name }) => `${type} ${name}`).join();
    if (this.keyOf.get(trunkId) === key || (key === '' && !this.keyOf.has(trunkId))) return;
    this.leave(trunkId);
    if (key === '') return;
    const name = this.names.get(key) ?? newName(lookups);
    this.names.set(key, name);
    name.trunks.add(trunkId);
    this.keyOf.set(trunkId, key);
    this.pump();
  }

  /** Only allowed addresses, as everywhere here. */
  addressesOf(trunkId: string): readonly string[] {
    return this.nameOf(trunkId)?.addresses ?? [];
  }

  /** Undefined for a literal address or an untracked trunk. */
  standingOf(trunkId: string): NameStanding | undefined {
    return this.nameOf(trunkId)?.standing;
  }

  cidrsOf(trunkId: string): readonly string[] {
    return this.addressesOf(trunkId).map((address) => `${address}/${address.includes(':') ? 128 : 32}`);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.resolver.cancel();
  }

  private nameOf(trunkId: string): Name | undefined {
    return this.names.get(this.keyOf.get(trunkId) ?? '');
  }

  private leave(trunkId: string): void {
    const key = this.keyOf.get(trunkId);
    const name = key === undefined ? undefined : this.names.get(key);
    this.keyOf.delete(trunkId);
    if (key === undefined || name === undefined) return;
    name.trunks.delete(trunkId);
    if (name.trunks.size === 0) this.names.delete(key);
  }

  private pump(): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const now = Date.now();
    let next = Infinity;
    for (const name of this.names.values()) {
      if (name.busy) continue;
      if (name.dueAt > now) {
        next = Math.min(next, name.dueAt);
        continue;
      }
      if (this.running >= CONCURRENT_LOOKUPS) return;
      this.lookUp(name);
    }
    if (next !== Infinity) this.timer = setTimeout(() => this.pump(), next - now + 1);
  }

  private lookUp(name: Name): void {
    this.running += 1;
    name.busy = true;
    void resolveAll(this.resolver, name.lookups)
      .then((found) => {
        this.settle(name, found);
      })
      .finally(() => {
        this.running -= 1;
        name.busy = false;
        this.pump();
      });
  }

  private settle(name: Name, found: Found): void {
    const { logger, floorMs = FLOOR_MS, keepMs = KEEP_MS, allowPrivate } = this.options;
    const now = Date.now();
    name.failures = found.addresses.length > 0 ? 0 : name.failures + 1;
    if (name.failures === 1)
      logger.warn(
        { host: name.lookups[0]?.name, why: found.why },
        "cannot resolve a gateway's host name; keeping its last addresses",
      );
    name.dueAt =
      now +
      (name.failures > 0
        ? Math.min(60_000, floorMs * name.failures)
        : Math.min(CEILING_MS, Math.max(floorMs, found.ttlMs)));
    const allowed = found.addresses.filter((address) => mayBeCarrier(address, allowPrivate));
    const addresses = addressesNow(name, { ...found, addresses: allowed }, now - keepMs);
    const seenAt = (address: string): number => (allowed.includes(address) ? now : name.seenAt.get(address)!);
    name.seenAt = new Map(addresses.map((address) => [address, seenAt(address)]));
    if (found.addresses.length > allowed.length) name.forbiddenAt = now;
    this.become(name, addresses, standingNow(name, found, { allowed, addresses }));
  }

  private become(name: Name, addresses: readonly string[], standing: NameStanding): void {
    const before = name.standing;
    if (addresses.join() === name.addresses.join() && JSON.stringify(standing) === JSON.stringify(before)) return;
    const host = name.lookups[0]?.name;
    if (standing.is === 'forbidden' && before.is !== 'forbidden')
      this.options.logger.warn({ host }, "a gateway's host name resolves to a forbidden address");
    name.addresses = addresses;
    name.standing = standing;
    this.options.onChange([...name.trunks]);
  }
}

/** A failed query (SRV timed out, A answered) does not invalidate its earlier addresses. */
function addressesNow(name: Name, found: Found, keptSince: number): readonly string[] {
  const kept = found.complete ? [] : name.addresses.filter((address) => name.seenAt.get(address)! > keptSince);
  return [...new Set([...found.addresses, ...kept])].slice(0, MAX_RESOLVED).sort();
}

/** How long a forbidden name stays forbidden while one of its queries fails. */
const FORBIDDEN_MS = 600_000;

/** One forbidden address is enough: such a name server may give FreeSWITCH other answers than the agent. */
function standingNow({ standing, forbiddenAt }: Name, found: Found, { allowed, addresses }: Sorted): NameStanding {
  if (allowed.length < found.addresses.length) return { is: 'forbidden' };
  if (standing.is === 'forbidden' && !found.complete && forbiddenAt > Date.now() - FORBIDDEN_MS) return standing;
  if (found.addresses.length === 0) return standing.is === 'waiting' ? { is: 'unresolved' } : standing;
  const before = standing.is === 'allowed' && !found.complete ? standing.targets : [];
  const isNew = (target: Target) =>
    !found.targets.some(({ address, port }) => address === target.address && port === target.port);
  return {
    is: 'allowed',
    targets: [...found.targets, ...before.filter((target) => addresses.includes(target.address) && isNew(target))],
  };
}

/** `allowed`: of the addresses in this answer. `addresses`: with those of earlier answers that are still valid. */
type Sorted = Record<'allowed' | 'addresses', readonly string[]>;

const newName = (lookups: readonly Lookup[]): Name => ({
  lookups,
  trunks: new Set(),
  addresses: [],
  standing: { is: 'waiting' },
  forbiddenAt: -Infinity,
  dueAt: 0,
  seenAt: new Map(),
  failures: 0,
  busy: false,
});

/** By the rules for a literal gateway address. */
export function mayBeCarrier(text: string, allowPrivate: boolean): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  const { reach } = reachOf(address);
  return reach === 'public' || (allowPrivate && reach === 'private');
}
