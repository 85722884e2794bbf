/** RFC 3550 §5.1, without what telephones do not send. Pure. */
export interface RtpPacket {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Buffer;
}

const HEADER_BYTES = 12;
const VERSION_2 = 0x80;

export function writeRtp(packet: RtpPacket): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = VERSION_2;
  header[1] = (packet.marker ? 0x80 : 0) | packet.payloadType;
  header.writeUInt16BE(packet.sequence & 0xffff, 2);
  header.writeUInt32BE(packet.timestamp >>> 0, 4);
  header.writeUInt32BE(packet.ssrc >>> 0, 8);
  return Buffer.concat([header, packet.payload]);
}

/**
 * Undefined: no RTP. RTCP on the same port (RFC 5761 §4) has types 64 to 95 where RTP's would be, and is none either.
 */
export function readRtp(datagram: Buffer): RtpPacket | undefined {
  if (datagram.length < HEADER_BYTES || datagram[0]! >> 6 !== 2) return undefined;
  const payloadType = datagram[1]! & 0x7f;
  if (payloadType >= 64 && payloadType <= 95) return undefined;
  let begin = HEADER_BYTES + 4 * (datagram[0]! & 0xf);
  if (datagram[0]! & 0x10)
    begin += 4 + 4 * (begin + 4 <= datagram.length ? datagram.readUInt16BE(begin + 2) : datagram.length);
  const end = datagram.length - (datagram[0]! & 0x20 ? datagram[datagram.length - 1]! : 0);
  if (begin > end) return undefined;
  return {
    payloadType,
    marker: (datagram[1]! & 0x80) !== 0,
    sequence: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    ssrc: datagram.readUInt32BE(8),
    payload: datagram.subarray(begin, end),
  };
}

/** RFC 4733 §3.2: the digit's place is its event. */
const DIGITS = '0123456789*#ABCD';

/** RFC 4733 §2.3. `duration`: samples since the digit's beginning. Throws where the digit is none. */
export function writeDigit(digit: string, duration: number, end: boolean): Buffer {
  const event = digit.length === 1 ? DIGITS.indexOf(digit) : -1;
  if (event < 0) throw new TypeError(`${digit} is no digit of a telephone`);
  const payload = Buffer.from([event, (end ? 0x80 : 0) | 10, 0, 0]);
  payload.writeUInt16BE(duration, 2);
  return payload;
}

export function readDigit(payload: Buffer): { digit: string; duration: number; end: boolean } | undefined {
  const digit = payload.length < 4 ? undefined : DIGITS[payload[0]!];
  return digit === undefined
    ? undefined
    : { digit, duration: payload.readUInt16BE(2), end: (payload[1]! & 0x80) !== 0 };
}
