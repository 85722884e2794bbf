import { createSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { cutMessages } from './sip-stream.js';

export type Send = (text: string) => void;

/** Takes each message that arrives, and how to answer it. */
export interface Receiver {
  received(text: string, send: Send): void;
}

/** Where a carrier listens. */
export interface CarrierSockets {
  readonly port: number;
  /** Over TLS: this certificate from now on. Connections that are up are closed. */
  show(certificate: { key: string; cert: string }): void;
  close(): Promise<void>;
}

/** Over UDP. */
export async function listenForDatagrams(rules: Receiver): Promise<Omit<CarrierSockets, 'show'>> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.on('message', (data, peer) => {
    rules.received(data.toString('utf8'), (text) => socket.send(text, peer.port, peer.address));
  });
  return { port: socket.address().port, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

/** Over TCP or TLS. */
export async function listenForStreams(
  rules: Receiver,
  server: Server,
  event: 'connection' | 'secureConnection',
): Promise<CarrierSockets> {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let received = Buffer.alloc(0);
    socket.on('data', (data) => {
      const { messages, rest } = cutMessages(Buffer.concat([received, data]));
      received = Buffer.from(rest);
      for (const text of messages) rules.received(text, (answer) => socket.write(answer));
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const close = () =>
    new Promise<void>((resolve) => {
      hangUp();
      server.close(() => resolve());
    });
  const show: CarrierSockets['show'] = (certificate) => {
    if (server instanceof TlsServer) server.setSecureContext(certificate);
    hangUp();
  };
  return { port, close, show };
}
