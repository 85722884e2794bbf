import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A wire to a server of this machine that can hold what a client sends, and let it arrive later: as a paused process's
 * socket, or a network that comes back, does.
 */
export interface SlowWire {
  url: string;
  hold(): void;
  release(): void;
  stop(): Promise<void>;
}

export async function slowWire(port: number): Promise<SlowWire> {
  const sockets = new Set<Socket>();
  let holding = false;
  let held: (() => void)[] = [];
  const listener = createServer((client) => {
    const server = connect({ port, host: '127.0.0.1' });
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (chunk) => {
      if (holding) held.push(() => server.write(chunk));
      else server.write(chunk);
    });
    server.on('data', (chunk) => client.write(chunk));
    // What is held still arrives when the client is gone, as what a kernel has taken does.
    client.on('close', () => {
      if (holding) held.push(() => server.end());
      else server.end();
    });
    server.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `nats://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    hold: () => {
      holding = true;
    },
    release: () => {
      holding = false;
      for (const send of held) send();
      held = [];
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        listener.close(() => resolve());
      }),
  };
}
