import { connectNats, type NatsConnection, type NatsOptions } from './connection.nats.js';

/** The current connection to NATS, for code that must not wait for one. */
export interface NatsLink {
  /** Undefined while disconnected. */
  readonly connection: NatsConnection | undefined;
  /** Called at every (re)connection, and at once if connected. */
  onConnected(listener: (nc: NatsConnection) => void): void;
}

/** A link that this process opened itself, and closes when it stops. */
export interface OwnNatsLink extends NatsLink {
  /** Settles at the first connection; never, while there is none. */
  readonly ready: Promise<NatsConnection>;
  /** Closes the connection, also where it is made only later. */
  close(): Promise<void>;
}

/** Connects in the background and never stops trying, so that a service starts without NATS. */
export function linkNats(url: string, options: NatsOptions): OwnNatsLink {
  let closed = false;
  let opened: NatsConnection | undefined;
  const ready = connectNats(url, options).then(async (connection) => {
    opened = connection;
    if (closed) await connection.close();
    return connection;
  });
  ready.catch((error: Error) => options.logger.error({ err: error }, 'NATS cannot be used'));
  const link = createNatsLink(ready);
  return {
    ready,
    get connection() {
      return closed ? undefined : link.connection;
    },
    onConnected: (listener) => link.onConnected(listener),
    close: async () => {
      closed = true;
      if (opened !== undefined && !opened.isClosed()) await opened.close();
    },
  };
}

/**
 * `connecting` settles when NATS was there for the first time; until then, as whenever it is gone, there is no
 * connection.
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

/** `up`, or why not: for readiness. */
export async function stateOfNats({ connection }: NatsLink): Promise<string> {
  if (connection === undefined || connection.isClosed()) return 'not connected';
  return connection.rtt().then(
    () => 'up',
    () => 'does not answer',
  );
}
