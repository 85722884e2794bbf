import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { TurnedAway } from '../live/refusal.js';

export interface CallSocket {
  port: number;
  /** Open call connections. */
  count(): number;
  /** From now on new calls are rejected; calls in progress keep their connections. */
  turnAway(): void;
  /** Stops accepting calls. Calls in progress stay in FreeSWITCH, and the next start finds them again. */
  stop(): Promise<void>;
}

export interface CallSocketOptions {
  host: string;
  /** 0 picks a free port. */
  port: number;
  maxCalls: number;
  logger: Logger;
  onCall: (socket: Socket) => Promise<void>;
  onTurnedAway: (socket: Socket, reason: TurnedAway) => Promise<void>;
}

/** Time for pending rejections when the agent stops; each takes milliseconds. */
const LAST_WORDS_MS = 1_000;

/**
 * FreeSWITCH's `socket` application connects here, once a call. A connection that is refused, or ends after `connect`
 * and before an answer, makes its dialplan continue, which answers 503: so after a crash of the agent the
 * carrier tries again.
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
    // The conversation adds its own handlers; an error before that must not end the process.
    socket.on('error', () => undefined);
    if (!stopping && calls.size < maxCalls) {
      hold(calls, socket);
      void onCall(socket);
      return;
    }
    const reason = stopping ? 'bridge-stopping' : 'bridge-full';
    logger.warn({ reason, calls: calls.size, max_calls: maxCalls }, 'rejected a call');
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
