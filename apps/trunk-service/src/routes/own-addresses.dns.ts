import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { readGateway } from '../trunk/gateway.js';

export interface ResolvedTrunk { id: string; addresses: string[] }

/** An explanation is asked by a person who waits. */
const DEADLINE_MS = 1_500;
/** Names looked up for one explanation: an organisation's, not everybody's. */
const MAX_NAMES = 64;

type Wanted = Pick<TrunkState, 'id' | 'gateway' | 'transport'>;

/**
 * Where the organisation's own gateways' names lead now. On a bridge the agent knows that (and keeps what it learned before); routing itself holds no DNS. What
 * does not answer in time leads nowhere.
 */
export async function resolveTrunks(trunks: readonly Wanted[], servers?: readonly string[]): Promise<ResolvedTrunk[]> {
  const named = trunks.filter(({ gateway }) => { const read = readGateway(gateway); return read.ok && read.gateway.kind === 'name'; });
  const byName = new Map<string, Wanted[]>();
  for (const trunk of named) byName.set(`${trunk.transport} ${trunk.gateway}`, [...byName.get(`${trunk.transport} ${trunk.gateway}`) ?? [], trunk]);
  const resolver = new Resolver({ timeout: DEADLINE_MS, tries: 1 });
  if (servers) resolver.setServers(servers);
  const timer = setTimeout(() => resolver.cancel(), DEADLINE_MS);
  try {
    const found = await Promise.all([...byName.values()].slice(0, MAX_NAMES).map(async (same) => {
      const addresses = await resolveGateway(resolver, same[0]!);
      return same.map(({ id }) => ({ id, addresses }));
    }));
    return found.flat();
  } finally {
    clearTimeout(timer);
  }
}

/** RFC 3263 §4.2: with a port the name is a host; without one SRV records may name the hosts. */
async function resolveGateway(resolver: Resolver, { gateway, transport }: Wanted): Promise<string[]> {
  const read = readGateway(gateway);
  if (!read.ok) return [];
  const { host, port } = read.gateway;
  const service = transport === 'tls' ? '_sips._tcp' : `_sip._${transport}`;
  const targets = port === null ? await orNothing(resolver.resolveSrv(`${service}.${host}`)) : [];
  const hosts = targets.length > 0 ? targets.map(({ name }) => name).slice(0, 16) : [host];
  const addresses = await Promise.all(hosts.flatMap((name) => (isIP(name) ? [Promise.resolve([name])] : [orNothing(resolver.resolve4(name)), orNothing(resolver.resolve6(name))])));
  return [...new Set(addresses.flat())];
}

const orNothing = <Item>(answer: Promise<Item[]>): Promise<Item[]> => answer.catch(() => []);
