/** One SIP message as FreeSWITCH's capture sends it (HEPv3, `recordings/hep-refusals.base64.txt`). IPv4. Pure. */
export interface HepMessage {
  source: { address: string; port: number };
  destination: { address: string; port: number };
  captureId: number;
  at: Date;
  sip: string;
}

const u8 = (value: number) => Uint8Array.of(value);
const u16 = (value: number) => Uint8Array.of((value >> 8) & 255, value & 255);
const u32 = (value: number) =>
  Uint8Array.of((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
const ip4 = (address: string) => Uint8Array.from(address.split('.').map(Number));

/** The chunks in FreeSWITCH's order. */
export function writeHep({ source, destination, captureId, at, sip }: HepMessage): Uint8Array {
  const seconds = Math.floor(at.getTime() / 1_000);
  const chunks: [type: number, data: Uint8Array][] = [
    [1, u8(2)],
    [2, u8(17)],
    [3, ip4(source.address)],
    [4, ip4(destination.address)],
    [7, u16(source.port)],
    [8, u16(destination.port)],
    [9, u32(seconds)],
    [10, u32((at.getTime() - seconds * 1_000) * 1_000)],
    [11, u8(1)],
    [12, u32(captureId)],
    [15, new TextEncoder().encode(sip)],
  ];
  const body = chunks.flatMap(([type, data]) => [...u16(0), ...u16(type), ...u16(data.length + 6), ...data]);
  return Uint8Array.of(0x48, 0x45, 0x50, 0x33, ...u16(body.length + 6), ...body);
}
