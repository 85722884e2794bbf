import { randomBytes } from 'node:crypto';
import { IV_BYTES, sealWith, type KeyRing } from './key-ring.js';

/** Encrypts `plain` with the ring's first key. `open` of key-ring.ts needs the same `boundTo`. */
export function seal(ring: KeyRing, plain: string, boundTo: string): string {
  // 96 random bits: NIST SP 800-38D §8.2.2 allows 2^32 seals a key.
  return sealWith(ring, plain, { iv: randomBytes(IV_BYTES), boundTo });
}
