import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';

export interface CallSocket {
  port: number;
  /** Connections of calls at this moment. */
  count(): number;
  /** No more calls are taken. Those that go on stay in FreeSWITCH and are found again by the next start. */
  stop(): Promise<void>;
}

export interface CallSocketOptions {
  host: string;
  /** 0: a free one. */
  port: number;
  maxCalls: number;
  logger: Logger;
  onCall: (socket: Socket) => Promise<void>;
}

/**
 * FreeSWITCH's `socket` application connects here, once a call. A connection that is refused or ends before an answer lets its dialplan go on, which
 * answers 503: so a full or dying agent says "try again" to the carrier by itself.
 */
export async function startCallSocket({ host, port, maxCalls, logger, onCall }: CallSocketOptions): Promise<CallSocket> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    if (sockets.size >= maxCalls) {
      logger.warn({ max_calls: maxCalls }, 'a call was turned away: this bridge is full');
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => { sockets.delete(socket); });
    // Its own handlers come with the conversation; an error before them must not end the process.
    socket.on('error', () => undefined);
    void onCall(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    count: () => sockets.size,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}
