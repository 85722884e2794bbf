import { lookup, Resolver } from 'node:dns/promises';
import { nextHopOf, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { readGateway } from '../network/gateway.js';

export interface ResolvedTrunk {
  id: string;
  addresses: string[];
}

/** An explanation is asked by a person who waits. */
const DEADLINE_MS = 1_500;
/** Names looked up for one explanation. */
const MAX_NAMES = 64;

type Wanted = Pick<TrunkState, 'id' | 'gateway' | 'outbound_proxy' | 'transport'>;

/**
 * Where the organisation's own gateways' names lead now, found as the agents find it: the host's addresses and those of
 * its SRV targets. On a bridge the agent knows that, and keeps what it learned before; routing itself holds no DNS.
 * What does not answer in time leads nowhere.
 */
export async function resolveTrunks(
  trunks: readonly Wanted[],
  options: { servers?: readonly string[]; deadlineMs?: number } = {},
): Promise<ResolvedTrunk[]> {
  const { servers, deadlineMs = DEADLINE_MS } = options;
  const resolver = new Resolver({ timeout: deadlineMs, tries: 1 });
  if (servers) resolver.setServers(servers);
  const timer = setTimeout(() => resolver.cancel(), deadlineMs);
  try {
    const found = await Promise.all(
      byName(trunks)
        .slice(0, MAX_NAMES)
        .map(async (same) => {
          const addresses = await resolveGateway(resolver, same[0]!);
          return same.map(({ id }) => ({ id, addresses }));
        }),
    );
    return found.flat();
  } finally {
    clearTimeout(timer);
  }
}

/** Several trunks of a carrier have one name. Literal addresses need no looking up. */
function byName(trunks: readonly Wanted[]): Wanted[][] {
  const groups = new Map<string, Wanted[]>();
  for (const trunk of trunks) {
    const read = readGateway(nextHopOf(trunk));
    if (!read.ok || read.gateway.kind !== 'name') continue;
    const key = `${trunk.transport} ${nextHopOf(trunk)}`;
    groups.set(key, [...(groups.get(key) ?? []), trunk]);
  }
  return [...groups.values()];
}

/** RFC 3263 §4.2: with a port the name is a host and nothing else. */
async function resolveGateway(resolver: Resolver, trunk: Wanted): Promise<string[]> {
  const { transport } = trunk;
  const read = readGateway(nextHopOf(trunk));
  if (!read.ok) return [];
  const { host, port } = read.gateway;
  const service = transport === 'tls' ? '_sips._tcp' : `_sip._${transport}`;
  const targets = port === null ? await orNothing(resolver.resolveSrv(`${service}.${host}`)) : [];
  const hosts = [host, ...targets.map(({ name }) => name).slice(0, 16)];
  const addresses = (
    await Promise.all(hosts.flatMap((name) => [orNothing(resolver.resolve4(name)), orNothing(resolver.resolve6(name))]))
  ).flat();
  // Names that only this host's own file knows, as in a test installation.
  return addresses.length > 0
    ? [...new Set(addresses)]
    : (await orNothing(lookup(host, { all: true }))).map(({ address }) => address);
}

const orNothing = <Item>(answer: Promise<Item[]>): Promise<Item[]> => answer.catch(() => []);
