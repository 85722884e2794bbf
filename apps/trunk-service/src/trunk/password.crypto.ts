import { open, seal, type KeyRing } from '@trunkmesh/runtime/key-ring.crypto.js';

/**
 * The password that a change asks for, sealed and bound to the trunk; undefined where it is the one that the trunk has. A ciphertext never equals another one
 * of the same password, so the present one is opened to compare.
 */
export function sealedPassword(ring: KeyRing, wanted: string | null | undefined, trunk: { id: string; password: string | null }): string | null | undefined {
  if (wanted === undefined) return undefined;
  if (wanted === null) return trunk.password === null ? undefined : null;
  return trunk.password !== null && opened(ring, trunk.password, trunk.id) === wanted ? undefined : seal(ring, wanted, trunk.id);
}

/** A password under a key that is gone cannot be compared; the new one replaces it. */
function opened(ring: KeyRing, sealed: string, id: string): string | undefined {
  try {
    return open(ring, sealed, id);
  } catch {
    return undefined;
  }
}
