import { WebSocket, type ClientOptions } from 'ws';
import { lookupPublic, PRIVATE_ADDRESS } from '@trunkmesh/runtime/public-address.net.js';

export interface MediaSocketOptions {
  url: URL;
  headers: Record<string, string>;
  /** Covers the name lookup, the connection and the handshake. */
  deadlineMs: number;
  /** Covers the name lookup and the connection (TCP, and TLS for `wss`). Default: the deadline. */
  connectWithinMs?: number;
  /** False refuses a host name that resolves to a private address. */
  allowPrivate: boolean;
  /** The operator's own certificate authority; default: the system's. */
  ca?: string;
  /** Ends the attempt, not the connection. */
  signal: AbortSignal;
  /** A connection that is silent for one to two of these intervals counts as dead. Default 3 s. */
  livenessMs?: number;
}

export interface MediaSocketEvents {
  /** Before anything is read from it. */
  onOpen(socket: MediaSocket): void;
  onText(text: Buffer): void;
  onBinary(bytes: number): void;
  /** A ping or a pong, which costs as much to read as any other message. */
  onControlFrame(): void;
  /** Called once for a connection that had been open. 1006: the connection broke. */
  onClose(code: number, why: string): void;
}

export type DialOutcome =
  | { outcome: 'open' }
  | { outcome: 'refused'; status: number }
  | { outcome: 'private-address' }
  | { outcome: 'unreachable'; why: string };

export interface MediaSocket {
  /** False when the assistant reads too slowly: the frame is dropped. The buffer may be reused at once. */
  sendMedia(message: Buffer): boolean;
  /** Messages that must not be dropped. */
  sendControl(message: string): void;
  /** Stops reading for a while, so that the peer stops sending. */
  pause(forMs: number): void;
  close(): void;
  /** Closes without a close frame. */
  destroy(): void;
}

/** 60 s of speech in one message are 640 kB. */
const MAX_MESSAGE_BYTES = 1_048_576;
/**
 * Fragments per message: each is an object in memory until the last one arrives. Fragments of a hundred bytes need no
 * more.
 */
const MAX_PIECES = 16_384;
/** Two seconds of the caller's audio: older audio is useless, and other calls need the memory. */
const MEDIA_BACKLOG_BYTES = 32_768;
/** Only an assistant that sends and never reads makes it grow that far. */
const CONTROL_BACKLOG_BYTES = 262_144;
const LIVENESS_MS = 3_000;
const CLOSE_DEADLINE_MS = 2_000;
const CLOSE_NORMAL = 1000;
const CLOSE_ABNORMAL = 1006;

/**
 * ws copies the message while it masks it, and answers before it returns: no callback, and the buffer is free again.
 */
const TEXT = { binary: false, compress: false, fin: true, mask: true };

/** One attempt. Never rejects. */
export function dialMediaSocket(options: MediaSocketOptions, events: MediaSocketEvents): Promise<DialOutcome> {
  return new Promise((resolve) => {
    let nobody: NodeJS.Timeout | undefined;
    const ws = new WebSocket(
      options.url,
      clientOptions(options, () => {
        clearTimeout(nobody);
      }),
    );
    /** The first reason counts, because ending an attempt raises an error itself. */
    let verdict: DialOutcome | undefined;
    const giveUp = (outcome: DialOutcome): void => {
      verdict ??= outcome;
      ws.terminate();
    };
    const abandon = (): void => giveUp(unreachable('given up'));
    const late = setTimeout(() => giveUp(unreachable(`no answer within ${options.deadlineMs} ms`)), options.deadlineMs);
    const { connectWithinMs = Infinity } = options;
    if (connectWithinMs < options.deadlineMs)
      nobody = setTimeout(() => giveUp(unreachable(`no connection within ${connectWithinMs} ms`)), connectWithinMs);
    options.signal.addEventListener('abort', abandon, { once: true });
    const settle = (): void => {
      clearTimeout(late);
      clearTimeout(nobody);
      options.signal.removeEventListener('abort', abandon);
      resolve(verdict ?? unreachable('the connection was closed in the handshake'));
    };
    const failed = (error: NodeJS.ErrnoException): void => {
      verdict ??=
        error.code === PRIVATE_ADDRESS ? { outcome: 'private-address' } : unreachable(error.code || error.message);
    };

    ws.on('error', failed);
    ws.once('close', settle);
    ws.once('unexpected-response', (_request, response) =>
      giveUp({ outcome: 'refused', status: response.statusCode ?? 0 }),
    );
    ws.once('open', () => {
      ws.off('close', settle);
      ws.off('error', failed);
      verdict = { outcome: 'open' };
      settle();
      events.onOpen(openSocket(ws, events, options.livenessMs ?? LIVENESS_MS));
    });
    if (options.signal.aborted) abandon();
  });
}

const unreachable = (why: string): DialOutcome => ({ outcome: 'unreachable', why });

function clientOptions(options: MediaSocketOptions, onConnected: () => void): ClientOptions {
  return {
    headers: options.headers,
    followRedirects: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_PIECES,
    maxBufferedChunks: MAX_PIECES,
    // What came in one piece of 64 kB may be thirty thousand messages: the other calls' frames have their turn in
    // between.
    allowSynchronousEvents: false,
    rejectUnauthorized: true,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    closeTimeout: CLOSE_DEADLINE_MS,
    finishRequest(request) {
      request.once('socket', (socket) => {
        socket.once(options.url.protocol === 'wss:' ? 'secureConnect' : 'connect', onConnected);
      });
      request.end();
    },
    // ws passes unknown options on to https.request (its documentation); its types lack them.
    ...(options.allowPrivate ? {} : { lookup: lookupPublic }),
  } as ClientOptions;
}

function openSocket(ws: WebSocket, events: MediaSocketEvents, livenessMs: number): MediaSocket {
  let receiving = true;
  let paused: NodeJS.Timeout | undefined;
  let ended: string | undefined;
  const end = (why: string): void => {
    ended ??= why;
    ws.terminate();
  };
  const dead = (): void => {
    if (!receiving && !ws.isPaused) end('no data for too long');
  };
  const liveness = setInterval(() => {
    // If this process was stalled, pending data is read before the first immediate and reported before the second; only
    // then the connection is judged.
    if (!receiving && !ws.isPaused)
      return void setImmediate(() => {
        setImmediate(dead);
      });
    receiving = false;
    ws.ping();
  }, livenessMs);

  ws.on('error', (error: NodeJS.ErrnoException) => {
    ended ??= error.code ?? error.message;
  });
  ws.on('message', (data, isBinary) => {
    receiving = true;
    if (isBinary) events.onBinary((data as Buffer).length);
    else events.onText(data as Buffer);
  });
  const onControlFrame = (): void => {
    receiving = true;
    events.onControlFrame();
  };
  ws.on('pong', onControlFrame);
  ws.on('ping', onControlFrame);
  ws.once('close', (code) => {
    clearInterval(liveness);
    clearTimeout(paused);
    events.onClose(ended === undefined ? code : CLOSE_ABNORMAL, ended ?? `closed with ${code}`);
  });

  return {
    sendMedia(message) {
      if (ws.readyState !== WebSocket.OPEN || ws.bufferedAmount > MEDIA_BACKLOG_BYTES) return false;
      ws.send(message, TEXT);
      return true;
    },
    sendControl(message) {
      if (ws.readyState !== WebSocket.OPEN) return;
      if (ws.bufferedAmount > CONTROL_BACKLOG_BYTES) return end('the assistant does not read its messages');
      ws.send(message, TEXT);
    },
    pause(forMs) {
      ws.pause();
      clearTimeout(paused);
      paused = setTimeout(() => {
        receiving = true;
        ws.resume();
      }, forMs);
    },
    close() {
      ws.close(CLOSE_NORMAL);
    },
    destroy() {
      end('given up');
    },
  };
}
