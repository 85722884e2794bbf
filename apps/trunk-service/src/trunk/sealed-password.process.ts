import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { sealedSecret } from '../secrets/sealed-secret.process.js';

/**
 * The password that a change asks for, sealed and bound to the trunk; undefined where it is the one that the trunk
 * has.
 */
export function sealedPassword(
  ring: KeyRing,
  wanted: string | null | undefined,
  trunk: { id: string; password: string | null },
): string | null | undefined {
  return sealedSecret(ring, wanted, { id: trunk.id, sealed: trunk.password });
}
