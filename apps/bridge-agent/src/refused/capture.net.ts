import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { capturedMessages } from './refused-metrics.otel.js';

export interface Capture {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * A call has some ten messages. Messages beyond the limit are dropped: a flood on the SIP port must not take the calls'
 * processor time.
 */
const MESSAGES_A_SECOND = 5_000;
const BYTES_A_SECOND = 8 * 1_024 * 1_024;
const RECEIVE_BUFFER_BYTES = 4 * 1_024 * 1_024;

/** FreeSWITCH's capture on the loopback. Rejects where the port is taken. */
export async function openCapture(
  port: number,
  logger: Logger,
  onDatagram: (datagram: Buffer) => void,
): Promise<Capture> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  let [second, messages, bytes] = [0, 0, 0];
  const withinRate = (length: number): boolean => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) [second, messages, bytes] = [now, 0, 0];
    messages += 1;
    bytes += length;
    return messages <= MESSAGES_A_SECOND && bytes <= BYTES_A_SECOND;
  };
  socket.on('message', (datagram) => {
    if (!withinRate(datagram.length)) return capturedMessages.add(1, { outcome: 'left-out' });
    try {
      onDatagram(datagram);
    } catch (error) {
      logger.error({ err: error }, 'cannot read a captured SIP message');
    }
  });
  socket.bind(port, '127.0.0.1');
  // Rejects on an error.
  await once(socket, 'listening');
  socket.on('error', (error) => {
    logger.error({ err: error }, 'the capture port reported an error');
  });
  return {
    port: socket.address().port,
    stop: () =>
      new Promise((resolve) => {
        socket.close(() => {
          resolve();
        });
      }),
  };
}
