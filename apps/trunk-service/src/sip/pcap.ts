import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';

/** Raw IP: version 4 or 6 by the first byte. */
const LINKTYPE_RAW = 101;
const UDP = 17;
const MAX_PAYLOAD = 65_535 - 48;

/**
 * SIP messages as a PCAP file (https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/), for Wireshark. The IP and UDP
 * headers are made up from the messages' addresses, also where the transport was TCP or TLS. Microseconds.
 */
export function pcapOf(messages: readonly SipMessage[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, 0xa1b2c3d4);
  header.setUint16(4, 2);
  header.setUint16(6, 4);
  header.setUint32(16, 262_144);
  header.setUint32(20, LINKTYPE_RAW);
  return joined([new Uint8Array(header.buffer), ...messages.flatMap(recordOf)]);
}

function recordOf(message: SipMessage): Uint8Array[] {
  const packet = packetOf(message);
  const record = new DataView(new ArrayBuffer(16));
  record.setUint32(0, Math.floor(Date.parse(`${message.at.slice(0, 19)}Z`) / 1_000));
  record.setUint32(4, Number(message.at.slice(20, 26)));
  record.setUint32(8, packet.length);
  record.setUint32(12, packet.length);
  return [new Uint8Array(record.buffer), packet];
}

function packetOf({ source, destination, text }: SipMessage): Uint8Array {
  const payload = new TextEncoder().encode(text).subarray(0, MAX_PAYLOAD);
  const [from, to] = [endpointOf(source), endpointOf(destination)];
  const isV4 = from.address.length === 4 && to.address.length === 4;
  const udp = new DataView(new ArrayBuffer(8));
  udp.setUint16(0, from.port);
  udp.setUint16(2, to.port);
  udp.setUint16(4, 8 + payload.length);
  const datagram = joined([new Uint8Array(udp.buffer), payload]);
  // IPv6 has no UDP without a checksum (RFC 8200 §8.1); in IPv4 zero says that there is none.
  const ends = isV4 ? [from.address, to.address] : [mapped(from.address), mapped(to.address)];
  if (!isV4) new DataView(datagram.buffer).setUint16(6, udpChecksum(ends, datagram));
  return joined([isV4 ? header4(ends, datagram.length) : header6(datagram.length), ...(isV4 ? [] : ends), datagram]);
}

function header4([from, to]: readonly Uint8Array[], length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(20));
  view.setUint8(0, 0x45);
  view.setUint16(2, 20 + length);
  view.setUint8(8, 64);
  view.setUint8(9, UDP);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(from!, 12);
  bytes.set(to!, 16);
  view.setUint16(10, onesComplement(bytes));
  return bytes;
}

function header6(length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint8(0, 0x60);
  view.setUint16(4, length);
  view.setUint8(6, UDP);
  view.setUint8(7, 64);
  return new Uint8Array(view.buffer);
}

function udpChecksum(ends: readonly Uint8Array[], datagram: Uint8Array): number {
  const tail = new DataView(new ArrayBuffer(8));
  tail.setUint32(0, datagram.length);
  tail.setUint32(4, UDP);
  return onesComplement(joined([...ends, new Uint8Array(tail.buffer), datagram])) || 0xffff;
}

/** RFC 1071. */
function onesComplement(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function endpointOf(text: string): { address: Uint8Array; port: number } {
  const colon = text.lastIndexOf(':');
  const address = text.slice(0, colon).replace(/^\[|\]$/g, '');
  return { address: address.includes(':') ? bytes6(address) : bytes4(address), port: Number(text.slice(colon + 1)) };
}

const bytes4 = (address: string): Uint8Array => {
  const parts = address.split('.').map(Number);
  return Uint8Array.from({ length: 4 }, (_, index) => parts[index] ?? 0);
};

/** As the agent writes it (RFC 5952), without an embedded IPv4 address. */
function bytes6(address: string): Uint8Array {
  const [before = '', after] = address.split('::');
  const groups = (text: string | undefined) => (text ? text.split(':').map((group) => parseInt(group, 16) || 0) : []);
  const [head, tail] = [groups(before), groups(after)];
  const all = [...head, ...Array<number>(Math.max(0, 8 - head.length - tail.length)).fill(0), ...tail];
  return Uint8Array.from(all.slice(0, 8).flatMap((group) => [group >> 8, group & 255]));
}

const mapped = (address: Uint8Array): Uint8Array =>
  address.length === 16 ? address : joined([new Uint8Array(10), Uint8Array.of(255, 255), address]);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
