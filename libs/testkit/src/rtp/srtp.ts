import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * SRTP (RFC 3711) with AES_CM_128_HMAC_SHA1_80, as far as a test's caller needs it: one stream, fewer than 65,536
 * packets, so that the roll-over counter stays 0, and RTP headers
 * of 12 bytes.
 */
export interface Srtp {
  protect(packet: Buffer): Buffer;
  /** Undefined: not authentic. */
  unprotect(packet: Buffer): Buffer | undefined;
}

export const MASTER_BYTES = 30;
const TAG_BYTES = 10;
const HEADER_BYTES = 12;
const ROLL_OVER = Buffer.alloc(4);

/**
 * RFC 3711 §4.3: the session's keys. `master`: 16 bytes of key and 14 of salt, as `a=crypto` carries them in base64
 * (RFC 4568 §6.1).
 */
export function sessionKeys(master: Buffer): { key: Buffer; salt: Buffer; authentication: Buffer } {
  if (master.length !== MASTER_BYTES)
    throw new TypeError(`a master key and salt have ${MASTER_BYTES} bytes, not ${master.length}`);
  const derive = (label: number, bytes: number): Buffer => {
    const block = Buffer.concat([master.subarray(16), Buffer.alloc(2)]);
    block[7]! ^= label;
    return aes(master.subarray(0, 16), block, Buffer.alloc(bytes));
  };
  return { key: derive(0, 16), authentication: derive(1, 20), salt: derive(2, 14) };
}

const aes = (key: Buffer, counter: Buffer, text: Buffer): Buffer =>
  createCipheriv('aes-128-ctr', key, counter).update(text);

export function createSrtp(master: Buffer): Srtp {
  const { key, salt, authentication } = sessionKeys(master);
  const crypt = (packet: Buffer): Buffer => {
    const counter = Buffer.concat([salt, Buffer.alloc(2)]);
    for (let index = 0; index < 4; index += 1) counter[4 + index]! ^= packet[8 + index]!;
    counter[12]! ^= packet[2]!;
    counter[13]! ^= packet[3]!;
    return Buffer.concat([packet.subarray(0, HEADER_BYTES), aes(key, counter, packet.subarray(HEADER_BYTES))]);
  };
  const tagOf = (packet: Buffer): Buffer =>
    createHmac('sha1', authentication).update(packet).update(ROLL_OVER).digest().subarray(0, TAG_BYTES);
  return {
    protect(packet) {
      const encrypted = crypt(packet);
      return Buffer.concat([encrypted, tagOf(encrypted)]);
    },
    unprotect(packet) {
      if (packet.length < HEADER_BYTES + TAG_BYTES) return undefined;
      const encrypted = packet.subarray(0, -TAG_BYTES);
      return timingSafeEqual(tagOf(encrypted), packet.subarray(-TAG_BYTES)) ? crypt(encrypted) : undefined;
    },
  };
}
