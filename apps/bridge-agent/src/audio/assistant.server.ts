import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

/** For tests: an assistant at the other end of the media stream. It does nothing of its own. */
export interface Assistant {
  readonly url: string;
  readonly port: number;
  /** In the order in which they came. */
  readonly connections: readonly AssistantConnection[];
  /** While it gives a status, handshakes are answered with it. */
  refuse: (() => { status: number; headers?: Record<string, string> } | undefined) | undefined;
  onConnection: ((connection: AssistantConnection) => void) | undefined;
  stop(): Promise<void>;
}

export interface StreamMessage {
  event: string;
  sequenceNumber?: string;
  streamSid: string;
  start?: { streamSid: string; callSid: string; accountSid: string; customParameters: Record<string, string> };
  media?: { chunk: string; timestamp: string; payload: string };
  mark?: { name: string };
  dtmf?: { digit: string };
  stop?: { callSid: string };
}

export interface AssistantConnection {
  readonly ws: WebSocket;
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly messages: readonly (StreamMessage & { at: number })[];
  /** Of one event's name. */
  of(event: string): (StreamMessage & { at: number })[];
  onMessage: ((message: StreamMessage) => void) | undefined;
  send(message: object | string): void;
  /** Speech, as one message. */
  say(muLaw: Uint8Array): void;
  readonly closedWith: number | undefined;
}

export async function startAssistant(options: { port?: number; autoPong?: boolean } = {}): Promise<Assistant> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, autoPong: options.autoPong ?? true });
  const connections: AssistantConnection[] = [];
  const assistant: Assistant = {
    get url() { return `ws://127.0.0.1:${assistant.port}/stream`; },
    get port() { return (server.address() as AddressInfo).port; },
    connections,
    refuse: undefined,
    onConnection: undefined,
    async stop() {
      for (const { ws } of connections) ws.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
  server.on('upgrade', (request, socket, head) => {
    const refusal = assistant.refuse?.();
    if (refusal) {
      const lines = Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${refusal.status} Refused\r\n${lines.join('')}Content-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const connection = connectionOn(ws, request.headers, request.url ?? '');
      connections.push(connection);
      assistant.onConnection?.(connection);
    });
  });
  await listen(server, options.port ?? 0);
  return assistant;
}

function connectionOn(ws: WebSocket, headers: IncomingHttpHeaders, path: string): AssistantConnection {
  const messages: (StreamMessage & { at: number })[] = [];
  let closedWith: number | undefined;
  const connection: AssistantConnection = {
    ws,
    headers,
    path,
    messages,
    of: (event) => messages.filter((message) => message.event === event),
    onMessage: undefined,
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    say: (muLaw) => connection.send({ event: 'media', streamSid: messages.find(({ event }) => event === 'start')?.streamSid, media: { payload: Buffer.from(muLaw).toString('base64') } }),
    get closedWith() { return closedWith; },
  };
  ws.on('message', (data) => {
    const message = JSON.parse(data.toString()) as StreamMessage;
    messages.push({ ...message, at: performance.now() });
    connection.onMessage?.(message);
  });
  ws.on('close', (code) => { closedWith = code; });
  ws.on('error', () => {});
  return connection;
}

const listen = (server: Server, port: number): Promise<void> => new Promise((resolve, reject) => {
  server.on('request', (_request, response: ServerResponse) => response.writeHead(426).end());
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
});
