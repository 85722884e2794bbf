import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { PortPair } from './port-pool.js';

/** FreeSWITCH and the agent share a host: this audio is not encrypted and never leaves it. */
export const UNICAST_HOST = '127.0.0.1';

/** The headers of FreeSWITCH's `unicast` command. Without `native` among the flags it is L16 at 8 kHz always. */
export type UnicastHeaders = Readonly<
  Record<'local-ip' | 'local-port' | 'remote-ip' | 'remote-port' | 'transport', string>
>;

export function unicastHeaders(ports: PortPair): UnicastHeaders {
  return {
    'local-ip': UNICAST_HOST,
    'local-port': String(ports.freeswitch),
    'remote-ip': UNICAST_HOST,
    'remote-port': String(ports.agent),
    transport: 'udp',
  };
}

/** One call's datagrams from and to FreeSWITCH. */
export interface Unicast {
  /** Sent before it returns. Never empty: an empty datagram ends FreeSWITCH's listening for the rest of the call. */
  send(l16: Uint8Array): void;
  close(): void;
  /** Datagrams from other senders. */
  readonly strangers: number;
}

/**
 * Undefined when one of the two ports is in use. FreeSWITCH would not report that (it answers `unicast` with +OK before
 * carrying it out), so the ports are tried here.
 */
export async function openUnicast(ports: PortPair, onAudio: (l16: Buffer) => void): Promise<Unicast | undefined> {
  const socket = await bound(ports.agent);
  if (!socket) return undefined;
  let connected = false;
  try {
    const probe = await bound(ports.freeswitch);
    if (!probe) return undefined;
    await new Promise<void>((resolve) => {
      probe.close(resolve);
    });
    // From now on the kernel drops datagrams from other senders, and no address is resolved per frame.
    socket.connect(ports.freeswitch, UNICAST_HOST);
    await once(socket, 'connect');
    connected = true;
    return unicastOn(socket, ports, onAudio);
  } finally {
    if (!connected) socket.close();
  }
}

function unicastOn(socket: Socket, ports: PortPair, onAudio: (l16: Buffer) => void): Unicast {
  let open = true;
  let strangers = 0;
  socket.on('message', (l16: Buffer, from: RemoteInfo) => {
    // A datagram that arrived between the two calls above may come from anybody.
    if (from.port === ports.freeswitch && from.address === UNICAST_HOST) onAudio(l16);
    else strangers += 1;
  });
  // ECONNREFUSED: FreeSWITCH does not listen yet, or not any more. The event socket reports both.
  socket.on('error', () => {});
  return {
    send(l16) {
      if (open) socket.send(l16);
    },
    close() {
      if (!open) return;
      open = false;
      socket.close();
    },
    get strangers() {
      return strangers;
    },
  };
}

/**
 * Undefined when the port is in use. Other errors (no address, no file descriptor) are thrown, because the next port
 * would fail too.
 */
async function bound(port: number): Promise<Socket | undefined> {
  const socket = createSocket('udp4');
  try {
    socket.bind({ port, address: UNICAST_HOST, exclusive: true });
    await once(socket, 'listening');
    return socket;
  } catch (error) {
    socket.close();
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
