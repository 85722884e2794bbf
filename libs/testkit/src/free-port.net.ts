import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * Below the range that Linux hands out to outgoing connections, which would otherwise take a port between the look and
 * its use; above RTP's.
 */
const LOWEST = 20_100;
const HIGHEST = 32_000;
const handedOut = new Set<number>();

/**
 * A port on the loopback that nobody listens on, neither TCP nor UDP, and that this process has not handed out before.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (handedOut.has(port)) continue;
    if (!(await tcpIsFree(port)) || !(await udpIsFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
}

export function tcpIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function udpIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
