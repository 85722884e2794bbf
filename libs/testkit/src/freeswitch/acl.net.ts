import { BlockList, isIP } from 'node:net';
import { section, type Configuration } from './configuration.fs.js';
import { children, named } from './xml.js';

interface Node {
  allow: boolean;
  bits: number;
  holds: (address: string) => boolean;
}

/**
 * FreeSWITCH's access lists: the most specific network that holds the address decides, then the list's default. A list
 * that does not exist denies everybody.
 */
export class AccessLists {
  private readonly lists = new Map<string, { allow: boolean; nodes: Node[] }>();

  constructor(configuration: Configuration) {
    const networks = children(
      named(section(configuration, 'configuration'), 'configuration', 'acl.conf'),
      'network-lists',
    )[0];
    for (const list of children(networks, 'list')) {
      const nodes = children(list, 'node').flatMap((node) =>
        read(node.attributes['cidr'] ?? node.attributes['host'] ?? '', node.attributes['type'] === 'allow'),
      );
      this.lists.set(list.attributes['name'] ?? '', { allow: list.attributes['default'] === 'allow', nodes });
    }
    const loopback = [...read('127.0.0.0/8', true), ...read('::1/128', true)];
    this.lists.set('loopback.auto', { allow: false, nodes: loopback });
  }

  allows(address: string, name: string): boolean {
    const list = this.lists.get(name);
    if (list === undefined || isIP(address) === 0) return false;
    const holding = list.nodes.filter((node) => node.holds(address)).sort((a, b) => b.bits - a.bits)[0];
    return holding === undefined ? list.allow : holding.allow;
  }
}

function read(cidr: string, allow: boolean): Node[] {
  return cidr.split(',').flatMap((text) => {
    const [address = '', length] = text.trim().split('/');
    const version = isIP(address);
    const bits = length === undefined ? (version === 6 ? 128 : 32) : Number(length);
    if (version === 0 || !Number.isInteger(bits)) return [];
    const family = version === 6 ? ('ipv6' as const) : ('ipv4' as const);
    const block = new BlockList();
    block.addSubnet(address, bits, family);
    return [
      { allow, bits, holds: (candidate: string) => isIP(candidate) === version && block.check(candidate, family) },
    ];
  });
}
