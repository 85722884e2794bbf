import { Resolver } from 'node:dns/promises';
import { parseAddress, reachOf } from '@trunkmesh/routing/address-reach.js';
import { MAX_RESOLVED } from '@trunkmesh/routing/claims.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Lookup, Target } from './gateway-address.js';
import { resolveAll, type Found } from './name-lookup.net.js';

/**
 * What is known of a gateway's name. `waiting`: not answered yet. `unresolved`: it was looked up and has never led
 * anywhere. `forbidden`: it leads, among others, to an address that no carrier can have. Only with `allowed` may
 * anything be sent there.
 */
export type NameStanding =
  { is: 'waiting' | 'unresolved' | 'forbidden' } | { is: 'allowed'; targets: readonly Target[] };

/** Where the trunks' host names lead at this moment. */
export interface AddressBook {
  /** What is looked up for this trunk from now on; an empty list forgets it. */
  track(trunkId: string, lookups: readonly Lookup[]): void;
  /** Allowed ones only, as everywhere here. */
  addressesOf(trunkId: string): readonly string[];
  /** Undefined: a literal address, or not tracked. */
  standingOf(trunkId: string): NameStanding | undefined;
  cidrsOf(trunkId: string): readonly string[];
  stop(): void;
}

export interface AddressBookOptions {
  /** Their standing or their addresses are others now. */
  onChange(trunkIds: readonly string[]): void;
  /** Whether names may lead into private networks (ALLOW_PRIVATE_GATEWAYS). */
  allowPrivate: boolean;
  logger: Logger;
  /** For tests; absent: the host's own servers. */
  servers?: readonly string[];
  floorMs?: number;
  keepMs?: number;
}

/** Carriers publish TTLs from 0 to days: looked up at most this often, and at least. */
const FLOOR_MS = 10_000;
const CEILING_MS = 300_000;
/**
 *  An address stays valid this long after the last answer that had it: a carrier's broken DNS must not lock its calls
 *  out, what it gave up must not stay trusted for ever.
 */
const KEEP_MS = 24 * 3_600_000;
const AT_ONCE = 16;

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

export function startAddressBook(options: AddressBookOptions): AddressBook {
  const { logger, floorMs = FLOOR_MS, keepMs = KEEP_MS } = options;
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (options.servers) resolver.setServers(options.servers);
  const names = new Map<string, Name>();
  const keyOf = new Map<string, string>();
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const settle = (name: Name, found: Found): void => {
    const now = Date.now();
    name.failures = found.addresses.length > 0 ? 0 : name.failures + 1;
    if (name.failures === 1)
      logger.warn(
        { host: name.lookups[0]?.name, why: found.why },
        "a gateway's name cannot be resolved now; what it led to is kept",
      );
    name.dueAt =
      now +
      (name.failures > 0
        ? Math.min(60_000, floorMs * name.failures)
        : Math.min(CEILING_MS, Math.max(floorMs, found.ttlMs)));
    const allowed = found.addresses.filter((address) => mayBeCarrier(address, options.allowPrivate));
    const addresses = addressesNow(name, { ...found, addresses: allowed }, now - keepMs);
    const seenAt = (address: string): number => (allowed.includes(address) ? now : name.seenAt.get(address)!);
    name.seenAt = new Map(addresses.map((address) => [address, seenAt(address)]));
    if (found.addresses.length > allowed.length) name.forbiddenAt = now;
    become(name, addresses, standingNow(name, found, { allowed, addresses }));
  };
  const become = (name: Name, addresses: readonly string[], standing: NameStanding): void => {
    const before = name.standing;
    if (addresses.join() === name.addresses.join() && JSON.stringify(standing) === JSON.stringify(before)) return;
    const host = name.lookups[0]?.name;
    if (standing.is === 'forbidden' && before.is !== 'forbidden')
      logger.warn({ host }, "a gateway's name leads to a forbidden address");
    Object.assign(name, { addresses, standing });
    options.onChange([...name.trunks]);
  };

  const pump = (): void => {
    clearTimeout(timer);
    if (stopped) return;
    const now = Date.now();
    let next = Infinity;
    for (const name of names.values()) {
      if (name.busy) continue;
      if (name.dueAt > now) {
        next = Math.min(next, name.dueAt);
        continue;
      }
      if (running >= AT_ONCE) return;
      running += 1;
      name.busy = true;
      void resolveAll(resolver, name.lookups)
        .then((found) => {
          settle(name, found);
        })
        .finally(() => {
          running -= 1;
          name.busy = false;
          pump();
        });
    }
    if (next !== Infinity) timer = setTimeout(pump, next - now + 1);
  };

  const leave = (trunkId: string): void => {
    const key = keyOf.get(trunkId);
    const name = key === undefined ? undefined : names.get(key);
    keyOf.delete(trunkId);
    if (key === undefined || name === undefined) return;
    name.trunks.delete(trunkId);
    if (name.trunks.size === 0) names.delete(key);
  };

  const nameOf = (trunkId: string) => names.get(keyOf.get(trunkId) ?? '');
  const addressesOf = (trunkId: string) => nameOf(trunkId)?.addresses ?? [];

  return {
    track(trunkId, lookups) {
      const key = lookups.map(({ type, name }) => `${type} ${name}`).join();
      if (keyOf.get(trunkId) === key || (key === '' && !keyOf.has(trunkId))) return;
      leave(trunkId);
      if (key === '') return;
      const name = names.get(key) ?? newName(lookups);
      names.set(key, name);
      name.trunks.add(trunkId);
      keyOf.set(trunkId, key);
      pump();
    },
    addressesOf,
    standingOf: (trunkId) => nameOf(trunkId)?.standing,
    cidrsOf: (trunkId) => addressesOf(trunkId).map((address) => `${address}/${address.includes(':') ? 128 : 32}`),
    stop() {
      stopped = true;
      clearTimeout(timer);
      resolver.cancel();
    },
  };
}

/** A part that could not be asked (SRV timed out, A answered) says nothing against what it led to before. */
function addressesNow(name: Name, found: Found, keptSince: number): readonly string[] {
  const kept = found.complete ? [] : name.addresses.filter((address) => name.seenAt.get(address)! > keptSince);
  return [...new Set([...found.addresses, ...kept])].slice(0, MAX_RESOLVED).sort();
}

/** A name that was forbidden stays so while a part of it cannot be asked, for this long. */
const FORBIDDEN_MS = 600_000;

/** One forbidden address is enough: whoever writes such answers may give FreeSWITCH others than the agent. */
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

/** By the rules that a literal gateway address has to obey. */
export function mayBeCarrier(text: string, allowPrivate: boolean): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  const { reach } = reachOf(address);
  return reach === 'public' || (allowPrivate && reach === 'private');
}
