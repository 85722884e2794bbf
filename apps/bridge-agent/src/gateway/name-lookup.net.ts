import type { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { canonicalAddress } from '../route/canonical-address.js';
import type { Lookup, Target } from './gateway-address.js';

/** The result of looking up a gateway's host name. */
export interface Found {
  /** Canonical, sorted. */
  addresses: string[];
  /** In the order of RFC 3263: the SRV targets, or the host's own addresses where there are none. */
  targets: Target[];
  ttlMs: number;
  /** True if every query was answered, even with "no such record", and there is at least one address. */
  complete: boolean;
  why: string | null;
}
type Answer = Pick<Found, 'addresses' | 'targets' | 'ttlMs'> & { failed: string | null };

const NONE: Answer = { addresses: [], targets: [], ttlMs: Infinity, failed: null };
/** The server's answer that there is no such record, as opposed to no answer. */
const THERE_IS_NONE = new Set(['ENODATA', 'ENOTFOUND']);
/** Node gives no TTL with SRV. */
const SRV_TTL_MS = 60_000;
const MAX_TARGETS = 32;

export async function resolveAll(resolver: Resolver, lookups: readonly Lookup[]): Promise<Found> {
  const answers = await Promise.all(lookups.map((wanted) => resolveOne(resolver, wanted)));
  const services = answers.filter((_, at) => lookups[at]!.type === 'SRV');
  const { addresses, targets, ttlMs, failed } = merge(answers);
  const service = merge(services).targets;
  const lasting = { ttlMs: Math.min(SRV_TTL_MS * 5, ttlMs), why: failed };
  if (addresses.length > 0)
    return { ...lasting, addresses, targets: service.length > 0 ? service : targets, complete: failed === null };
  const local = await fromHostsFile(lookups[0]!.name);
  const complete = failed === null && local.length > 0;
  return { ...lasting, addresses: local, targets: targetsOf(local), complete, why: failed ?? 'no address' };
}

async function resolveOne(resolver: Resolver, { type, name }: Lookup): Promise<Answer> {
  try {
    if (type === 'SRV') return await resolveService(resolver, name);
    const ask = type === 'A' ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true });
    const records = await ask;
    const addresses = records.flatMap(({ address }) => canonicalAddress(address) ?? []);
    const ttlMs = Math.min(...records.map(({ ttl }) => ttl * 1_000));
    return { addresses, targets: targetsOf(addresses), ttlMs, failed: null };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return THERE_IS_NONE.has(code) ? NONE : { ...NONE, failed: code };
  }
}

async function resolveService(resolver: Resolver, service: string): Promise<Answer> {
  const records = (await resolver.resolveSrv(service)).filter(({ name }) => name !== '' && name !== '.');
  // Weight only orders the targets: one registration cannot be shared among them.
  records.sort((a, b) => a.priority - b.priority || b.weight - a.weight || (a.name < b.name ? -1 : 1));
  const ordered = records.slice(0, MAX_TARGETS);
  const answers = await Promise.all(
    ordered.map(async ({ name, port }) => {
      const types = ['A', 'AAAA'] as const;
      const found = merge(await Promise.all(types.map((type) => resolveOne(resolver, { type, name }))));
      return { ...found, targets: found.targets.map((target) => ({ ...target, port })) };
    }),
  );
  const found = merge(answers);
  return { ...found, ttlMs: Math.min(SRV_TTL_MS, found.ttlMs) };
}

/** Sorted, because servers rotate the order, and a rotation must not move a registration. */
const targetsOf = (addresses: readonly string[]): Target[] =>
  [...addresses].sort().map((address) => ({ address, port: null }));

function merge(answers: readonly Answer[]): Answer {
  return {
    addresses: [...new Set(answers.flatMap((answer) => answer.addresses))].sort(),
    targets: answers.flatMap(({ targets }) => targets),
    ttlMs: Math.min(...answers.map((answer) => answer.ttlMs)),
    failed: answers.find((answer) => answer.failed !== null)?.failed ?? null,
  };
}

/**
 * Names in this host's hosts file. FreeSWITCH itself does not find them, but a PBX that is trusted by address may still
 * call. The file is read here, because `dns.lookup` would block one of the four threads of all file work while a dead
 * server does not answer.
 */
async function fromHostsFile(name: string): Promise<string[]> {
  const text = await readFile('/etc/hosts', 'utf8').catch(() => '');
  const entries = text.split('\n').map((line) => line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/));
  return entries
    .flatMap(([address = '', ...names]) =>
      names.includes(name.toLowerCase()) ? (canonicalAddress(address) ?? []) : [],
    )
    .sort();
}
