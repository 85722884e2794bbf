import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';

/**
 *  The connection to NATS. It may never have been there yet: whoever needs it for an answer refuses with
 *  `log-unavailable`.
 */
export interface NatsLink {
  /** Settles at the first connection; never, while there is none. */
  readonly ready: Promise<NatsConnection>;
  connected(): boolean;
  /** @throws DomainError log-unavailable */
  connection(): NatsConnection;
  close(): Promise<void>;
}

export function linkNats(url: string, options: { name: string; logger: Logger }): NatsLink {
  let current: NatsConnection | undefined;
  let closed = false;
  const ready = connectNats(url, options).then(async (connection) => {
    if (closed) await connection.close();
    current = connection;
    return connection;
  });
  ready.catch((error: Error) => options.logger.error({ err: error }, 'NATS cannot be used'));
  return {
    ready,
    connected: () => current !== undefined && !current.isClosed() && current.info !== undefined,
    connection: () => {
      if (current === undefined || current.isClosed())
        throw new DomainError(
          'log-unavailable',
          'What the bridges say cannot be read at this moment: NATS is not reached. Changes are accepted and ' +
            'carried out later.',
        );
      return current;
    },
    close: async () => {
      closed = true;
      if (current !== undefined && !current.isClosed()) await current.close();
    },
  };
}
