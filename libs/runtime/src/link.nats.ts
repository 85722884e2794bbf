import type { NatsConnection } from './connection.nats.js';

/** Whether NATS is there at this moment: what must not wait for it asks first. */
export interface NatsLink {
  /** Undefined while disconnected. */
  readonly connection: NatsConnection | undefined;
  /** Called at every (re)connection, and at once if connected. */
  onConnected(listener: (nc: NatsConnection) => void): void;
}

/**
 *  `connecting` settles when NATS was there for the first time; until then, as whenever it is gone, there is no
 *  connection.
 */
export function createNatsLink(connecting: Promise<NatsConnection>): NatsLink {
  const listeners: ((nc: NatsConnection) => void)[] = [];
  let connection: NatsConnection | undefined;

  const connected = (nc: NatsConnection): void => {
    connection = nc;
    for (const listener of listeners) listener(nc);
  };
  const follow = async (): Promise<void> => {
    const nc = await connecting;
    connected(nc);
    for await (const status of nc.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection' || status.type === 'close')
        connection = undefined;
      else if (status.type === 'reconnect') connected(nc);
    }
    connection = undefined;
  };
  follow().catch(() => {
    connection = undefined;
  });
  return {
    get connection() {
      return connection;
    },
    onConnected: (listener) => {
      listeners.push(listener);
      if (connection !== undefined) listener(connection);
    },
  };
}
