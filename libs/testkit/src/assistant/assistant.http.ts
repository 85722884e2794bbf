import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { connectionOn, type AssistantConnection } from './media-stream.net.js';
import { readRequest, type ReceivedRequest } from './received-request.http.js';

/**
 * For tests: the platform at the other end of a call. The media streams of its assistants, and the receiver of
 * calls. It does nothing of its own.
 */
export interface Assistant {
  /** Of the media streams. */
  readonly url: string;
  readonly port: number;
  readonly prewarmUrl: string;
  readonly statusUrl: string;
  /** In the order in which they came. */
  readonly connections: readonly AssistantConnection[];
  readonly prewarms: readonly ReceivedRequest[];
  readonly statuses: readonly ReceivedRequest[];
  /** While it gives a status, handshakes are answered with it. */
  refuse: (() => { status: number; headers?: Record<string, string> } | undefined) | undefined;
  /** Before it answers a handshake. */
  handshakeTakesMs: number;
  onConnection: ((connection: AssistantConnection) => void) | undefined;
  /** Answers prewarms and statuses in place of a 200. */
  onRequest: ((request: ReceivedRequest, response: ServerResponse) => void) | undefined;
  /** The streams of a caller, by the number in `start`. */
  streamsOf(from: string): AssistantConnection[];
  stop(): Promise<void>;
}

const PREWARM = '/sip-prewarm';
const STATUS = '/sip-status';

export async function startAssistant(options: { port?: number; autoPong?: boolean } = {}): Promise<Assistant> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, autoPong: options.autoPong ?? true });
  const connections: AssistantConnection[] = [];
  const received: ReceivedRequest[] = [];
  const under = (path: string) => received.filter((request) => request.path.startsWith(path));
  const assistant: Assistant = {
    get url() {
      return `ws://127.0.0.1:${assistant.port}/stream`;
    },
    get port() {
      return (server.address() as AddressInfo).port;
    },
    get prewarmUrl() {
      return `http://127.0.0.1:${assistant.port}${PREWARM}?key=hidden`;
    },
    get statusUrl() {
      return `http://127.0.0.1:${assistant.port}${STATUS}?key=hidden`;
    },
    connections,
    get prewarms() {
      return under(PREWARM);
    },
    get statuses() {
      return under(STATUS);
    },
    refuse: undefined,
    handshakeTakesMs: 0,
    onConnection: undefined,
    onRequest: undefined,
    streamsOf: (from) => connections.filter(({ parameters }) => parameters['From'] === from),
    async stop() {
      for (const { ws } of connections) ws.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  server.on('upgrade', (request, socket, head) => {
    const refusal = assistant.refuse?.();
    if (refusal) return refuse(socket, refusal);
    const answer = () =>
      sockets.handleUpgrade(request, socket, head, (ws) => {
        const connection = connectionOn(ws, request.headers, request.url ?? '');
        connections.push(connection);
        assistant.onConnection?.(connection);
      });
    if (assistant.handshakeTakesMs === 0) return answer();
    // The caller may give up meanwhile.
    socket.on('error', () => undefined);
    setTimeout(() => {
      if (!socket.destroyed) answer();
    }, assistant.handshakeTakesMs).unref();
  });
  server.on('request', (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(426).end();
    void readRequest(request).then(
      (one) => {
        received.push(one);
        if (assistant.onRequest === undefined)
          response.writeHead(200, { 'content-type': 'application/json' }).end('{"prewarmed":true}');
        else assistant.onRequest(one, response);
      },
      () => response.destroy(),
    );
  });
  await listen(server, options.port ?? 0);
  return assistant;
}

function refuse(socket: Duplex, { status, headers = {} }: { status: number; headers?: Record<string, string> }): void {
  // Nothing listens from here on; a rejected client may disconnect before it reads the reason.
  socket.on('error', () => undefined);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}Content-Length: 0\r\nConnection: close\r\n\r\n`);
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
