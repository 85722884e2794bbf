/**
 * One SIP message as FreeSWITCH's capture gives it: HEPv3 (https://github.com/sipcapture/HEP), as far as FreeSWITCH
 * writes it. Pure.
 */
export interface Captured {
  /** `address:port`, IPv6 in brackets. */
  source: string;
  destination: string;
  sourceAddress: string;
  destinationAddress: string;
  /** Seconds since 1970, and microseconds of that second. */
  at: readonly [seconds: number, microseconds: number];
  transport: 'udp' | 'tcp' | 'tls';
  sip: Uint8Array;
}

const HEADER_BYTES = 6;
const [PROTOCOL, SECONDS, MICROSECONDS] = [2, 9, 10] as const;
/** TCP; XNS IDP, by which sofia-sip means TLS. Everything else is taken for UDP. */
const TRANSPORTS: Readonly<Record<number, 'tcp' | 'tls'>> = { 6: 'tcp', 22: 'tls' };
const [SOURCE_4, DESTINATION_4, SOURCE_6, DESTINATION_6, SOURCE_PORT, DESTINATION_PORT, PAYLOAD] = [
  3, 4, 5, 6, 7, 8, 15,
] as const;
const MAGIC = [0x48, 0x45, 0x50, 0x33];

/** Undefined if it is not one. Any program on this host can write to the port, so every length is checked. */
export function readHep(datagram: Uint8Array): Captured | undefined {
  if (datagram.length < HEADER_BYTES || MAGIC.some((byte, index) => datagram[index] !== byte)) return undefined;
  if (u16(datagram, 4) !== datagram.length) return undefined;
  const chunks = new Map<number, Uint8Array>();
  let at = HEADER_BYTES;
  while (at < datagram.length) {
    if (at + HEADER_BYTES > datagram.length) return undefined;
    const length = u16(datagram, at + 4);
    if (length < HEADER_BYTES || at + length > datagram.length) return undefined;
    if (u16(datagram, at) === 0) chunks.set(u16(datagram, at + 2), datagram.subarray(at + HEADER_BYTES, at + length));
    at += length;
  }
  return captured(chunks);
}

function captured(chunks: ReadonlyMap<number, Uint8Array>): Captured | undefined {
  const [from, to] = [addressOf(chunks, SOURCE_4, SOURCE_6), addressOf(chunks, DESTINATION_4, DESTINATION_6)];
  const [fromPort, toPort, sip] = [chunks.get(SOURCE_PORT), chunks.get(DESTINATION_PORT), chunks.get(PAYLOAD)];
  if (from === undefined || to === undefined || sip === undefined) return undefined;
  if (fromPort?.length !== 2 || toPort?.length !== 2) return undefined;
  return {
    sourceAddress: from,
    destinationAddress: to,
    source: endpoint(from, u16(fromPort, 0)),
    destination: endpoint(to, u16(toPort, 0)),
    at: [u32(chunks.get(SECONDS)), u32(chunks.get(MICROSECONDS)) % 1_000_000],
    transport: transportOf(chunks.get(PROTOCOL)),
    sip,
  };
}

export const endpoint = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

const transportOf = (protocol: Uint8Array | undefined) => TRANSPORTS[protocol?.[0] ?? 0] ?? 'udp';

/** 0 if it is not there. */
const u32 = (bytes: Uint8Array | undefined): number =>
  bytes?.length === 4 ? ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0 : 0;

function addressOf(chunks: ReadonlyMap<number, Uint8Array>, v4: number, v6: number): string | undefined {
  const four = chunks.get(v4);
  if (four?.length === 4) return four.join('.');
  const six = chunks.get(v6);
  if (six?.length !== 16) return undefined;
  // A URL's host is written after RFC 5952.
  return new URL(
    `http://[${Array.from({ length: 8 }, (_, index) => u16(six, 2 * index).toString(16)).join(':')}]`,
  ).hostname.slice(1, -1);
}
