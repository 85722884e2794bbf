import { createSocket } from 'node:dgram';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Transport, WireFailure, WireTarget } from './place.js';
import { cutStream, MAX_MESSAGE_BYTES } from './sip-text.js';

export interface WireEvents {
  onMessage(text: string): void;
  /** Nothing listens there any more, or what arrives is no SIP. */
  onLost(): void;
}

/** A connection to the far side that carries whole SIP messages. */
export interface Wire {
  readonly transport: Transport;
  /** The own address and port, as a SIP URI writes them. */
  readonly here: string;
  /** The own address alone, for the session description. */
  readonly address: string;
  /** Only of TLS. */
  readonly tls: TLSSocket | undefined;
  /** Set before anything is sent. */
  listen(events: WireEvents): void;
  send(text: string): void;
  /** Requests of the far side are answered for so long; the process does not wait for that. */
  closeAfter(milliseconds: number): void;
}

export type Opened = { ok: true; wire: Wire } | { ok: false; failure: WireFailure };

const bracketed = (address: string) => (isIPv6(address) ? `[${address}]` : address);

export function openWire(target: WireTarget, timeoutMs: number): Promise<Opened> {
  return target.transport === 'udp' ? openDatagrams(target) : openStream(target, timeoutMs);
}

/** A connected socket: the host's own "port unreachable" is reported, and only this address can answer. */
async function openDatagrams({ address, port }: WireTarget): Promise<Opened> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const connected = new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.connect(port, address);
  if (!(await connected)) {
    socket.close();
    return { ok: false, failure: 'unreachable' };
  }
  let closed = false;
  let events: WireEvents = { onMessage: () => undefined, onLost: () => undefined };
  socket.on('error', () => events.onLost());
  socket.on('message', (data) => {
    if (!closed && data.length <= MAX_MESSAGE_BYTES) events.onMessage(data.toString('utf8'));
  });
  const own = socket.address();
  const wire: Wire = {
    transport: 'udp',
    here: `${bracketed(own.address)}:${own.port}`,
    address: own.address,
    tls: undefined,
    listen: (listener) => {
      events = listener;
    },
    send: (text) => {
      if (closed) return;
      // What the host learned since the last one, "port unreachable" for example, is this one's error.
      socket.send(text, (error) => {
        if (error) events.onLost();
      });
    },
    closeAfter: (milliseconds) => {
      socket.unref();
      unreferenced(milliseconds, () => {
        closed = true;
        socket.close();
      });
    },
  };
  return { ok: true, wire };
}

const unreferenced = (milliseconds: number, run: () => void): void => {
  if (milliseconds === 0) run();
  else setTimeout(run, milliseconds).unref();
};

/** Errors of OpenSSL for an answer that is no TLS record. */
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST']);

/** `connected`: TCP was, so that what failed is TLS. */
function failureOf({ code }: NodeJS.ErrnoException, connected: boolean): WireFailure {
  if (!connected) {
    if (code === 'ETIMEDOUT') return 'silent';
    return code === 'ECONNREFUSED' ? 'refused' : 'unreachable';
  }
  // A server that takes the first TLS record for a broken SIP message closes, or waits for the rest of it.
  return code === undefined || code === 'ECONNRESET' || NOT_TLS.has(code) ? 'not-tls' : 'tls-failed';
}

async function openStream(target: WireTarget, timeoutMs: number): Promise<Opened> {
  const { transport, address, port } = target;
  const isTls = transport === 'tls';
  // The certificate is judged apart: a test says what is wrong with it, and whether SIP works in spite of it.
  // FreeSWITCH names no server (SNI) either, and a server may choose its certificate by that.
  const socket = isTls
    ? connectTls({ host: address, port, servername: '', rejectUnauthorized: false })
    : connectTcp({ host: address, port });
  let connected = false;
  socket.once('connect', () => {
    connected = true;
  });
  const failure = await new Promise<WireFailure | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(connected ? 'not-tls' : 'silent'), timeoutMs);
    const settle = (what: WireFailure | undefined) => {
      clearTimeout(timer);
      resolve(what);
    };
    socket.once(isTls ? 'secureConnect' : 'connect', () => settle(undefined));
    socket.once('error', (error) => settle(failureOf(error, connected)));
    socket.once('close', () => settle(failureOf({ name: '', message: '' }, connected)));
  });
  if (failure !== undefined) {
    socket.on('error', () => undefined);
    socket.destroy();
    return { ok: false, failure };
  }
  return { ok: true, wire: wireOf(socket, transport) };
}

function wireOf(socket: Socket | TLSSocket, transport: Transport): Wire {
  let events: WireEvents = { onMessage: () => undefined, onLost: () => undefined };
  let buffered = '';
  socket.setEncoding('latin1');
  socket.on('data', (data) => {
    const { messages, rest } = cutStream(buffered + String(data));
    buffered = rest ?? '';
    for (const message of messages) events.onMessage(message);
    if (rest === null) socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => events.onLost());
  const address = socket.localAddress ?? '0.0.0.0';
  return {
    transport,
    here: `${bracketed(address)}:${socket.localPort ?? 0}`,
    address,
    tls: transport === 'tls' ? (socket as TLSSocket) : undefined,
    listen: (listener) => {
      events = listener;
    },
    send: (text) => {
      if (!socket.destroyed) socket.write(text);
    },
    closeAfter: (milliseconds) => {
      socket.unref();
      unreferenced(milliseconds, () => socket.destroySoon());
    },
  };
}
