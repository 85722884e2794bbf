import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { WebSocketServer } from 'ws';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { dialMediaSocket, type MediaSocket, type MediaSocketOptions } from './media-socket.net.js';

let assistant: Assistant;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  assistant = await startAssistant();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await assistant.stop();
});

function dial(options: Partial<MediaSocketOptions> = {}) {
  const seen = {
    texts: [] as string[],
    binaries: 0,
    controlFrames: 0,
    closed: [] as { code: number; why: string }[],
    socket: undefined as MediaSocket | undefined,
  };
  const outcome = dialMediaSocket(
    {
      url: new URL(assistant.url),
      headers: {},
      deadlineMs: 5_000,
      allowPrivate: true,
      signal: new AbortController().signal,
      ...options,
    },
    {
      onOpen(socket) {
        seen.socket = socket;
        closing.push(() => socket.destroy());
      },
      onText: (text) => {
        seen.texts.push(text.toString());
      },
      onBinary: (bytes) => {
        seen.binaries += bytes;
      },
      onControlFrame: () => {
        seen.controlFrames += 1;
      },
      onClose: (code, why) => {
        seen.closed.push({ code, why });
      },
    },
  );
  return { outcome, seen };
}

/** A server that is no WebSocket server. */
async function rawServer(onSocket: (socket: Socket) => void): Promise<URL> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

describe('a connection to the assistant', () => {
  it('is opened with the headers, and carries text both ways', async () => {
    const { outcome, seen } = dial({ headers: { 'x-test': 'yes' } });
    expect(await outcome).toEqual({ outcome: 'open' });
    const [connection] = assistant.connections;
    expect(connection?.headers).toMatchObject({ 'x-test': 'yes' });
    expect(connection?.headers['sec-websocket-extensions']).toBeUndefined();
    const frame = Buffer.from('{"event":"media"}');
    expect(seen.socket?.sendMedia(frame)).toBe(true);
    frame.fill(0);
    seen.socket?.sendControl('{"event":"mark"}');
    connection?.send('héllo');
    connection?.ws.send(Buffer.from([1]));
    await eventually(() => seen.texts.length === 1 && seen.binaries === 1 && connection?.messages.length === 2);
    expect(seen.texts).toEqual(['héllo']);
    expect(connection?.messages.map(({ event }) => event)).toEqual(['media', 'mark']);
  });

  it('hears what the assistant says in the same breath as its handshake', async () => {
    assistant.onConnection = (connection) => connection.send('first');
    const { outcome, seen } = dial();
    await outcome;
    await eventually(() => seen.texts.length === 1);
  });

  it('says with which code the assistant closed it', async () => {
    const { outcome, seen } = dial();
    await outcome;
    assistant.connections[0]?.ws.close(1011, 'out of order');
    await eventually(() => seen.closed.length === 1);
    expect(seen.closed[0]).toMatchObject({ code: 1011 });
    expect(seen.socket?.sendMedia(Buffer.from('{}'))).toBe(false);
    seen.socket?.sendControl('{}');
  });

  it('says 1006 where it broke off', async () => {
    const { outcome, seen } = dial();
    await outcome;
    assistant.connections[0]?.ws.terminate();
    await eventually(() => seen.closed.length === 1);
    expect(seen.closed[0]).toMatchObject({ code: 1006 });
  });

  it('is closed with 1000 by us', async () => {
    const { outcome, seen } = dial();
    await outcome;
    seen.socket?.close();
    await eventually(() => assistant.connections[0]?.closedWith === 1000 && seen.closed.length === 1);
  });
});

describe('an attempt', () => {
  it.each([401, 404, 503])('reports a refusal with %i', async (status) => {
    assistant.refuse = () => ({ status });
    expect(await dial().outcome).toEqual({ outcome: 'refused', status });
  });

  it('follows no redirect', async () => {
    const elsewhere = await startAssistant();
    closing.push(() => elsewhere.stop());
    assistant.refuse = () => ({ status: 302, headers: { Location: elsewhere.url } });
    expect(await dial().outcome).toEqual({ outcome: 'refused', status: 302 });
    expect(elsewhere.connections).toHaveLength(0);
  });

  it('ends by its deadline when nobody answers, or answers without an end', async () => {
    const silent = await rawServer(() => {});
    const dripping = await rawServer((socket) => {
      const drip = setInterval(() => socket.write('H'), 20);
      socket.on('close', () => clearInterval(drip));
    });
    for (const url of [silent, dripping])
      expect(await dial({ url, deadlineMs: 200 }).outcome).toMatchObject({ outcome: 'unreachable' });
  });

  it('ends earlier where nobody is there, though somebody may take his time to answer', async () => {
    const url = new URL(String(await rawServer(() => {})).replace('ws:', 'wss:'));
    expect(await dial({ url, connectWithinMs: 100 }).outcome).toEqual({
      outcome: 'unreachable',
      why: 'no connection within 100 ms',
    });
    assistant.handshakeTakesMs = 300;
    expect(await dial({ connectWithinMs: 100 }).outcome).toEqual({ outcome: 'open' });
  });

  it("reports a port without a listener, and a response that is not a WebSocket's", async () => {
    expect(await dial({ url: new URL(`ws://127.0.0.1:${await freePort()}`) }).outcome).toEqual({
      outcome: 'unreachable',
      why: 'ECONNREFUSED',
    });
    const rude = await rawServer((socket) =>
      socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ' +
          'wrong\r\n\r\n',
      ),
    );
    expect(await dial({ url: rude }).outcome).toMatchObject({ outcome: 'unreachable' });
    const closed = await rawServer((socket) => socket.destroy());
    expect(await dial({ url: closed }).outcome).toMatchObject({ outcome: 'unreachable' });
  });

  it('is given up when the call ends', async () => {
    const giveUp = new AbortController();
    const { outcome } = dial({ url: await rawServer(() => giveUp.abort()), signal: giveUp.signal });
    expect(await outcome).toEqual({ outcome: 'unreachable', why: 'given up' });
    expect(await dial({ signal: giveUp.signal }).outcome).toEqual({ outcome: 'unreachable', why: 'given up' });
    await eventually(() => assistant.connections.length === 0);
  });

  it('goes to no private network unless it may', async () => {
    const url = new URL(assistant.url.replace('127.0.0.1', 'localhost'));
    expect(await dial({ url, allowPrivate: false }).outcome).toEqual({ outcome: 'private-address' });
    expect(assistant.connections).toHaveLength(0);
  });
});

describe('a certificate', () => {
  it('must be one that is trusted, for that name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trunkmesh-tls-'));
    closing.push(() => rmSync(folder, { recursive: true }));
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '1',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=DNS:localhost',
        '-keyout',
        join(folder, 'key.pem'),
        '-out',
        join(folder, 'cert.pem'),
      ],
      { stdio: 'ignore' },
    );
    const cert = readFileSync(join(folder, 'cert.pem'), 'utf8');
    const server = createTlsServer({ cert, key: readFileSync(join(folder, 'key.pem')) });
    const sockets = new WebSocketServer({ server });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    closing.push(() => {
      for (const ws of sockets.clients) ws.terminate();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const named = new URL(`wss://localhost:${port}/`);
    expect(await dial({ url: named }).outcome).toEqual({ outcome: 'unreachable', why: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(await dial({ url: named, ca: cert }).outcome).toEqual({ outcome: 'open' });
    expect(await dial({ url: new URL(`wss://127.0.0.1:${port}/`), ca: cert }).outcome).toEqual({
      outcome: 'unreachable',
      why: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });
});

describe('an assistant that misbehaves', () => {
  it('and sends thousands of messages in one piece leaves the other calls their turns', async () => {
    const { outcome, seen } = dial();
    await outcome;
    for (let n = 0; n < 5_000; n += 1) assistant.connections[0]?.send('{}');
    let most = 0;
    for (let before = 0; before < 5_000;) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      most = Math.max(most, seen.texts.length - before);
      before = seen.texts.length;
    }
    expect(most).toBeLessThan(10);
  });

  it('and writes one message in more pieces than it has any reason to is not read on', async () => {
    const { outcome, seen } = dial();
    await outcome;
    for (let n = 0; n < 20_000; n += 1) assistant.connections[0]?.ws.send('x', { fin: false });
    await eventually(() => seen.closed.length === 1);
    expect(seen.closed[0]).toMatchObject({ code: 1006, why: 'WS_ERR_TOO_MANY_BUFFERED_PARTS' });
  });

  it('and sends one byte at a time is not listened to until the last', async () => {
    let raw: Socket | undefined;
    assistant.onConnection = ({ ws }) => {
      raw = (ws as unknown as { _socket: Socket })._socket;
    };
    const { outcome, seen } = dial();
    await outcome;
    raw!.setNoDelay(true);
    // A text of a million bytes (RFC 6455 §5.2).
    raw!.write(Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40]));
    for (let sent = 0; sent < 100_000 && seen.closed.length === 0; sent += 1) {
      raw!.write('x');
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await eventually(() => seen.closed.length === 1);
    expect(seen.closed[0]).toMatchObject({ code: 1006, why: 'WS_ERR_TOO_MANY_BUFFERED_PARTS' });
  });

  it('and pings us is answered, and the bytes are counted', async () => {
    const { outcome, seen } = dial();
    await outcome;
    let pongs = 0;
    assistant.connections[0]?.ws.on('pong', () => {
      pongs += 1;
    });
    for (let n = 0; n < 10; n += 1) assistant.connections[0]?.ws.ping();
    await eventually(() => pongs === 10);
    expect(seen.controlFrames).toBe(10);
  });

  it('and answers no ping is taken for dead', async () => {
    const deaf = await startAssistant({ autoPong: false });
    closing.push(() => deaf.stop());
    const { outcome, seen } = dial({ url: new URL(deaf.url), livenessMs: 50 });
    await outcome;
    await eventually(() => seen.closed.length === 1);
    expect(seen.closed[0]).toEqual({ code: 1006, why: 'no data for too long' });
  });

  it('is not taken for dead because we stood still ourselves', async () => {
    const worker = new Worker(
      `
      const { WebSocketServer } = require('ws');
      const { parentPort } = require('node:worker_threads');
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () =>
        parentPort.postMessage(server.address().port));
    `,
      { eval: true },
    );
    closing.push(() => worker.terminate());
    const [port] = (await once(worker, 'message')) as [number];
    const { outcome, seen } = dial({ url: new URL(`ws://127.0.0.1:${port}/`), livenessMs: 400 });
    await outcome;
    for (let n = 0; n < 3; n += 1) {
      // The connection's own interval has the same time and is first: its ping has just gone out, and is answered while
      // nobody here reads.
      await new Promise((resolve) => {
        setTimeout(resolve, 400);
      });
      await new Promise<void>((resolve) => {
        setImmediate(() => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 900);
          resolve();
        });
      });
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect(seen.closed).toEqual([]);
  });

  it('and is quiet but answers pings lives', async () => {
    const { outcome, seen } = dial({ livenessMs: 30 });
    await outcome;
    let pings = 0;
    assistant.connections[0]?.ws.on('ping', () => {
      pings += 1;
    });
    await eventually(() => pings >= 5);
    expect(seen.closed).toEqual([]);
  });

  it('and does not read loses frames, not our memory; and the connection when even that does not help', async () => {
    const { outcome, seen } = dial();
    await outcome;
    assistant.connections[0]?.ws.pause();
    const filler = JSON.stringify({ event: 'filler', text: 'x'.repeat(10_000) });
    const frame = Buffer.from(filler);
    let sent = 0;
    await eventually(
      () => {
        for (let n = 0; n < 500 && seen.socket?.sendMedia(frame); n += 1) sent += 1;
        return seen.socket?.sendMedia(frame) === false;
      },
      { intervalMs: 1 },
    );
    expect(sent).toBeGreaterThan(0);
    for (let n = 0; n < 40; n += 1) seen.socket?.sendControl(filler);
    await eventually(() => seen.closed.length === 1);
    expect(seen.closed[0]).toEqual({ code: 1006, why: 'the assistant does not read its messages' });
  });

  it('and sends a message of megabytes is cut off', async () => {
    const { outcome, seen } = dial();
    await outcome;
    assistant.connections[0]?.send('x'.repeat(1_048_576));
    await eventually(() => seen.texts.length === 1);
    assistant.connections[0]?.send('x'.repeat(1_048_577));
    await eventually(() => seen.closed.length === 1);
    expect(seen.closed[0]).toEqual({ code: 1006, why: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
    expect(seen.texts).toHaveLength(1);
  });

  it('and floods us waits until we read again', async () => {
    const { outcome, seen } = dial();
    await outcome;
    seen.socket?.pause(300);
    assistant.connections[0]?.send('late');
    await eventually(() => seen.texts.length === 1);
    expect(seen.closed).toEqual([]);
  });
});
