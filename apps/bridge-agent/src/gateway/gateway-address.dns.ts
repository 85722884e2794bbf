import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import { canonicalAddress, type Lookup } from './gateway-address.js';

/** Where the trunks' host names lead at this moment. */
export interface AddressBook {
  /** What is looked up for this trunk from now on; an empty list forgets it. */
  track(trunkId: string, lookups: readonly Lookup[]): void;
  addressesOf(trunkId: string): readonly string[];
  cidrsOf(trunkId: string): readonly string[];
  /** Trunks whose gateway's name resolves to this address; literal addresses are not in it. */
  trunksByAddress(address: string): string[];
  stop(): void;
}

export interface AddressBookOptions {
  onChange(trunkIds: readonly string[]): void;
  logger: Logger;
  /** For tests; absent: the host's own servers. */
  servers?: readonly string[];
  floorMs?: number;
  keepMs?: number;
}

/** Carriers publish TTLs from 0 to days: looked up at most this often, and at least. */
const FLOOR_MS = 10_000;
const CEILING_MS = 300_000;
/** Node gives no TTL with SRV. */
const SRV_TTL_MS = 60_000;
/** An address stays valid this long after the last answer that had it: a carrier's broken DNS must not lock its calls out, what it gave up must not stay trusted for ever. */
const KEEP_MS = 24 * 3_600_000;
/** Far more than a carrier has. Who owns the name writes the answers, and every bridge of the pool has them in its access list. */
const MAX_ADDRESSES = 256;
const AT_ONCE = 16;

interface Name {
  lookups: readonly Lookup[];
  trunks: Set<string>;
  addresses: readonly string[];
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
  const byAddress = new Map<string, Set<string>>();
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const index = (addresses: readonly string[], trunks: Iterable<string>): void => {
    for (const address of addresses) {
      const known = byAddress.get(address) ?? new Set();
      for (const trunk of trunks) known.add(trunk);
      byAddress.set(address, known);
    }
  };
  const unindex = (addresses: readonly string[], trunks: Iterable<string>): void => {
    for (const address of addresses) {
      const known = byAddress.get(address);
      for (const trunk of trunks) known?.delete(trunk);
      if (known?.size === 0) byAddress.delete(address);
    }
  };

  const settle = (name: Name, found: Found): void => {
    const now = Date.now();
    name.failures = found.addresses.length > 0 ? 0 : name.failures + 1;
    if (name.failures === 1) logger.warn({ host: name.lookups[0]?.name, why: found.why }, 'a gateway\'s name cannot be resolved now; what it led to is kept');
    name.dueAt = now + (name.failures > 0 ? Math.min(60_000, floorMs * name.failures) : Math.min(CEILING_MS, Math.max(floorMs, found.ttlMs)));
    const addresses = addressesNow(name, found, now - keepMs);
    name.seenAt = new Map(addresses.map((address) => [address, found.addresses.includes(address) ? now : name.seenAt.get(address)!]));
    if (addresses.join() === name.addresses.join()) return;
    unindex(name.addresses, name.trunks);
    name.addresses = addresses;
    index(addresses, name.trunks);
    options.onChange([...name.trunks]);
  };

  const pump = (): void => {
    clearTimeout(timer);
    if (stopped) return;
    const now = Date.now();
    let next = Infinity;
    for (const name of names.values()) {
      if (name.busy) continue;
      if (name.dueAt > now) { next = Math.min(next, name.dueAt); continue; }
      if (running >= AT_ONCE) return;
      running += 1;
      name.busy = true;
      void resolveAll(resolver, name.lookups).then((found) => { settle(name, found); }).finally(() => {
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
    unindex(name.addresses, [trunkId]);
    name.trunks.delete(trunkId);
    if (name.trunks.size === 0) names.delete(key);
  };

  const addressesOf = (trunkId: string) => names.get(keyOf.get(trunkId) ?? '')?.addresses ?? [];

  return {
    track(trunkId, lookups) {
      const key = lookups.map(({ type, name }) => `${type} ${name}`).join();
      if (keyOf.get(trunkId) === key || (key === '' && !keyOf.has(trunkId))) return;
      leave(trunkId);
      if (key === '') return;
      const name = names.get(key) ?? { lookups, trunks: new Set(), addresses: [], dueAt: 0, seenAt: new Map(), failures: 0, busy: false };
      names.set(key, name);
      name.trunks.add(trunkId);
      keyOf.set(trunkId, key);
      index(name.addresses, [trunkId]);
      pump();
    },
    addressesOf,
    cidrsOf: (trunkId) => addressesOf(trunkId).map((address) => `${address}/${address.includes(':') ? 128 : 32}`),
    trunksByAddress: (address) => [...byAddress.get(canonicalAddress(address) ?? address) ?? []].sort(),
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
  return [...new Set([...found.addresses, ...kept])].slice(0, MAX_ADDRESSES).sort();
}

/** `complete`: every part was answered, if only with "there is none", and there is at least one address. */
interface Found { addresses: string[]; ttlMs: number; complete: boolean; why: string | null }
interface Answer { addresses: string[]; ttlMs: number; failed: string | null }

const NONE: Answer = { addresses: [], ttlMs: Infinity, failed: null };
/** The servers' own word that there is no such record, as opposed to their silence. */
const THERE_IS_NONE = new Set(['ENODATA', 'ENOTFOUND']);

async function resolveAll(resolver: Resolver, lookups: readonly Lookup[]): Promise<Found> {
  const found = merge(await Promise.all(lookups.map((wanted) => resolveOne(resolver, wanted))));
  const addresses = found.addresses.length > 0 ? found.addresses : await fromHostsFile(lookups[0]!.name);
  return { addresses, ttlMs: Math.min(SRV_TTL_MS * 5, found.ttlMs), complete: found.failed === null && addresses.length > 0, why: found.failed ?? 'no address' };
}

async function resolveOne(resolver: Resolver, { type, name }: Lookup): Promise<Answer> {
  try {
    if (type === 'SRV') return await resolveTargets(resolver, name);
    const records = type === 'A' ? await resolver.resolve4(name, { ttl: true }) : await resolver.resolve6(name, { ttl: true });
    return { addresses: records.flatMap(({ address }) => canonicalAddress(address) ?? []), ttlMs: Math.min(...records.map(({ ttl }) => ttl * 1_000)), failed: null };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return THERE_IS_NONE.has(code) ? NONE : { ...NONE, failed: code };
  }
}

async function resolveTargets(resolver: Resolver, service: string): Promise<Answer> {
  const targets = (await resolver.resolveSrv(service)).map(({ name }) => name).filter((name) => name !== '' && name !== '.').slice(0, 32);
  const answers = await Promise.all(targets.flatMap((name) => [resolveOne(resolver, { type: 'A', name }), resolveOne(resolver, { type: 'AAAA', name })]));
  const found = merge(answers);
  return { ...found, ttlMs: Math.min(SRV_TTL_MS, found.ttlMs) };
}

function merge(answers: readonly Answer[]): Answer {
  return {
    addresses: [...new Set(answers.flatMap((answer) => answer.addresses))].sort(),
    ttlMs: Math.min(...answers.map((answer) => answer.ttlMs)),
    failed: answers.find((answer) => answer.failed !== null)?.failed ?? null,
  };
}

/**
 * Names that only this host knows. FreeSWITCH itself does not find them; a PBX that is trusted by address may call all the same. Read here and not by `dns.lookup`, which
 * holds one of the four threads of all file work for as long as a dead server does not answer.
 */
async function fromHostsFile(name: string): Promise<string[]> {
  const text = await readFile('/etc/hosts', 'utf8').catch(() => '');
  const entries = text.split('\n').map((line) => line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/));
  return entries.flatMap(([address = '', ...names]) => names.includes(name.toLowerCase()) ? canonicalAddress(address) ?? [] : []).sort();
}
