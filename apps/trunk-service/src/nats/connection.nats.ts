import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

/**
 * The connection to NATS, for what cannot be answered without it.
 *
 * @throws DomainError log-unavailable
 */
export function connectionOf({ connection }: NatsLink): NatsConnection {
  if (connection === undefined)
    throw new DomainError(
      'log-unavailable',
      'Bridge status is unavailable: NATS is unreachable. Changes are accepted and applied later.',
    );
  return connection;
}
