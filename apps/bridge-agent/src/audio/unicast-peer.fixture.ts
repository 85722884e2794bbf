import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { UnicastHeaders } from './unicast.net.js';

/** For tests: FreeSWITCH's end of `unicast`. It sends given frames and keeps what it receives. */
export interface UnicastPeer {
  /** Little-endian L16, when each datagram came. */
  readonly heard: readonly { l16: Buffer; at: number }[];
  onHeard: ((l16: Buffer) => void) | undefined;
  send(l16: Uint8Array): void;
  /** Sends `frame(n)` every 20 ms until stopped. */
  speak(frame: (n: number) => Uint8Array): void;
  close(): Promise<void>;
}

export async function attachUnicastPeer(headers: UnicastHeaders): Promise<UnicastPeer> {
  const socket: Socket = createSocket('udp4');
  socket.bind({ port: Number(headers['local-port']), address: headers['local-ip'], exclusive: true });
  await once(socket, 'listening');
  const heard: { l16: Buffer; at: number }[] = [];
  let speaking: NodeJS.Timeout | undefined;
  const send = (l16: Uint8Array): void => {
    socket.send(l16, Number(headers['remote-port']), headers['remote-ip']);
  };
  const peer: UnicastPeer = {
    heard,
    onHeard: undefined,
    send,
    speak(frame) {
      const begin = performance.now();
      let n = 0;
      speaking = setInterval(() => {
        for (; begin + n * 20 <= performance.now(); n += 1) send(frame(n));
      }, 5);
    },
    async close() {
      clearInterval(speaking);
      await new Promise<void>((resolve) => {
        socket.close(resolve);
      });
    },
  };
  socket.on('message', (l16) => {
    heard.push({ l16, at: performance.now() });
    peer.onHeard?.(l16);
  });
  return peer;
}
