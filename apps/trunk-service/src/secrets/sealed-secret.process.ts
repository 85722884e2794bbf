import { open, type KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { seal } from '@trunkmesh/runtime/seal.process.js';

/** The entity that a secret is bound to, and the sealed secret that it has. */
export interface Bound {
  id: string;
  sealed: string | null;
}

/**
 * The secret that a change asks for, sealed and bound to its entity; undefined where it is the one that the entity has.
 * A ciphertext never equals another one of the same secret, so the present one is opened to compare.
 */
export function sealedSecret(
  ring: KeyRing,
  wanted: string | null | undefined,
  { id, sealed }: Bound,
): string | null | undefined {
  if (wanted === undefined) return undefined;
  if (wanted === null) return sealed === null ? undefined : null;
  return sealed !== null && opened(ring, sealed, id) === wanted ? undefined : seal(ring, wanted, id);
}

export const sealingWith = (ring: KeyRing) => (wanted: string | null | undefined, bound: Bound) =>
  sealedSecret(ring, wanted, bound);

/** A secret under a key that is gone cannot be compared; the new one replaces it. */
function opened(ring: KeyRing, sealed: string, id: string): string | undefined {
  try {
    return open(ring, sealed, id);
  } catch {
    return undefined;
  }
}
