import { open, sealedWith, type KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { HeldSecret } from './call-treatment.js';

/**
 *  An empty text where nobody can open it: a stream with that is refused, and nothing goes out unsigned that should be
 *  signed.
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
        'a signing secret cannot be opened: its key is not in SECRET_KEYS, or it is damaged',
      );
      return '';
    }
  };
