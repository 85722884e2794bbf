import {
  holdsPrivate,
  networkAddress,
  parseAddress,
  reachOf,
  type Network,
  type Reach,
} from '@trunkmesh/routing/address-reach.js';

export type InboundAddressReading = { ok: true; text: string; reach: Reach } | { ok: false; message: string };

/** Wider than this it is not one carrier's network, and everybody inside could call as the customer. */
const WIDEST = { ipv4: 8, ipv6: 19 } as const;

const refuse = (message: string): InboundAddressReading => ({ ok: false, message });

/** A single address or a CIDR, brought to its one spelling. */
export function readInboundAddress(text: string): InboundAddressReading {
  const [written = '', bitsText, ...rest] = text.split('/');
  const address = rest.length === 0 ? parseAddress(written) : undefined;
  if (address === undefined) return refuse('must be an IP address or a network such as "198.51.100.0/24"');
  const width = address.kind() === 'ipv4' ? 32 : 128;
  if (bitsText === undefined) return single(address.toString(), reachOf(address));
  if (written.includes(':') && width === 32) return refuse('is a network of IPv4 addresses in IPv6: write it as IPv4');
  if (!/^\d{1,3}$/.test(bitsText) || Number(bitsText) > width)
    return refuse(`has a prefix length that is not a number from ${WIDEST[address.kind()]} to ${width}`);
  return network([address, Number(bitsText)], width);
}

function single(text: string, { reach, what }: ReturnType<typeof reachOf>): InboundAddressReading {
  return reach === 'never' ? refuse(`is ${what}: no call can come from it`) : { ok: true, text, reach };
}

function network(cidr: Network, width: number): InboundAddressReading {
  const [address, bits] = cidr;
  const widest = WIDEST[address.kind()];
  if (bits < widest)
    return refuse(`is wider than a carrier's network can be: the prefix length must be at least ${widest}`);
  const own = networkAddress(cidr).toString();
  if (own !== address.toString())
    return refuse(
      `has bits set behind its prefix: write "${own}/${bits}" for the network, or ` +
        `"${address.toString()}/${width}" for the one address`,
    );
  const { reach, what } = reachOf(address);
  if (reach === 'never') return refuse(`is ${what}: no call can come from it`);
  return { ok: true, text: `${own}/${bits}`, reach: holdsPrivate(cidr) ? 'private' : reach };
}
