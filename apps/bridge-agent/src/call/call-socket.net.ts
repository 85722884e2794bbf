import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { TurnedAway } from '../live/refusal.js';

export interface CallSocket {
  port: number;
  /** Connections of calls at this moment. */
  count(): number;
  /** New calls are turned away from here on; those that go on keep their connections. */
  turnAway(): void;
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
  onTurnedAway: (socket: Socket, reason: TurnedAway) => Promise<void>;
}

/** For those who are being turned away when the agent stops: it takes milliseconds. */
const LAST_WORDS_MS = 1_000;

/**
 * FreeSWITCH's `socket` application connects here, once a call. A connection that is refused, or ends after `connect`
 * and before an answer, lets its dialplan go on, which answers 503: so a dying agent says "try again" to the carrier by
 * itself.
 */
export async function startCallSocket({
  host,
  port,
  maxCalls,
  logger,
  onCall,
  onTurnedAway,
}: CallSocketOptions): Promise<CallSocket> {
  const calls = new Set<Socket>();
  const turnedAway = new Set<Socket>();
  let stopping = false;
  const hold = (among: Set<Socket>, socket: Socket): void => {
    among.add(socket);
    socket.once('close', () => {
      among.delete(socket);
    });
  };
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    // Its own handlers come with the conversation; an error before them must not end the process.
    socket.on('error', () => undefined);
    if (!stopping && calls.size < maxCalls) {
      hold(calls, socket);
      void onCall(socket);
      return;
    }
    const reason = stopping ? 'bridge-stopping' : 'bridge-full';
    logger.warn({ reason, calls: calls.size, max_calls: maxCalls }, 'a call was turned away');
    hold(turnedAway, socket);
    void onTurnedAway(socket, reason);
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
    count: () => calls.size,
    turnAway: () => {
      stopping = true;
    },
    stop: async () => {
      stopping = true;
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const until = performance.now() + LAST_WORDS_MS; turnedAway.size > 0 && performance.now() < until;)
        await sleep(10);
      for (const socket of [...calls, ...turnedAway]) socket.destroy();
      await closed;
    },
  };
}
