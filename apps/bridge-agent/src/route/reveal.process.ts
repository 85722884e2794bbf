import { open, sealedWith, type KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { HeldSecret } from './call-treatment.js';

/**
 * Returns an empty string if the secret cannot be decrypted: a stream with an empty secret is refused, so that nothing
 * is sent unsigned.
 */
export const revealWith =
  (ring: KeyRing, logger: Logger) =>
  (secret: HeldSecret): string => {
    if ('plain' in secret) return secret.plain;
    try {
      return open(ring, secret.sealed, secret.boundTo);
    } catch {
      logger.error(
        { key_id: sealedWith(secret.sealed), entity_id: secret.boundTo },
        'cannot decrypt a signing secret: its key is not in SECRET_KEYS, or the secret is damaged',
      );
      return '';
    }
  };
