import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeSipCall } from './sip-call.net.js';
import type { SipInvite } from './sip-line.js';
import { digestParameters, headerOf, parseSip, respond, type SipMessage } from './sip-message.js';

export interface SipCarrierOptions {
  /** The loopback address to send from; another one than the trunk's is a stranger's. */
  address?: string;
  port?: number;
  /** Digest users (RFC 3261 §22) that may register, with their passwords. */
  users?: Record<string, string>;
}

/** What a REGISTER is challenged with. The answer is judged as MD5 in any case. */
export type SipDigest = 'MD5' | 'SHA-256';

export interface SipCall extends Omit<SipInvite, 'address'> {
  /** An answered call is hung up after this long. */
  talkMs?: number;
}

/**
 * A carrier on the loopback, small enough to be in every checkout: a registrar with digest, and calls. Real SIP over
 * UDP; no audio.
 */
export interface SipCarrier {
  readonly address: string;
  readonly port: number;
  /** Contacts of the registered users, by user. */
  readonly bindings: ReadonlyMap<string, string>;
  challengeWith(digest: SipDigest): void;
  /** The final status that the call got; 200 after it was answered, and hung up. */
  call(call: SipCall): Promise<number>;
  close(): Promise<void>;
}

const REALM = 'carrier.example.com';
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const token = () => randomBytes(8).toString('hex');

export async function startSipCarrier(options: SipCarrierOptions = {}): Promise<SipCarrier> {
  const address = options.address ?? '127.0.0.1';
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(options.port ?? 0, address, resolve);
  });
  const { port } = socket.address();
  const carrier = {
    socket,
    users: options.users ?? {},
    bindings: new Map<string, string>(),
    digest: 'MD5' as SipDigest,
  };
  socket.on('message', (data, peer) => {
    const message = parseSip(data.toString('utf8'));
    if (message?.method !== undefined) answer(carrier, message, peer);
  });
  return {
    address,
    port,
    bindings: carrier.bindings,
    challengeWith(digest) {
      carrier.digest = digest;
    },
    call: (call) => place(address, call),
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

interface Carrier {
  socket: Socket;
  users: Record<string, string>;
  bindings: Map<string, string>;
  digest: SipDigest;
}

function answer(carrier: Carrier, request: SipMessage, peer: RemoteInfo): void {
  const send = (text: string) => carrier.socket.send(text, peer.port, peer.address);
  if (request.method === 'ACK') return;
  if (request.method !== 'REGISTER') {
    send(respond(request, { status: 200, phrase: 'OK', toTag: token() }));
    return;
  }
  const user = authenticated(carrier, request);
  if (user === undefined) {
    const challenge = `Digest realm="${REALM}", nonce="${token()}", algorithm=${carrier.digest}`;
    send(
      respond(request, {
        status: 401,
        phrase: 'Unauthorized',
        toTag: token(),
        headers: [['WWW-Authenticate', challenge]],
      }),
    );
    return;
  }
  const bound = bind(carrier.bindings, user, request);
  const headers = bound === undefined ? [] : [['Contact', bound] as const];
  send(respond(request, { status: 200, phrase: 'OK', toTag: token(), headers }));
}

/** RFC 3261 §10.3: expires=0 removes that contact and no other. The contact that is bound afterwards. */
function bind(bindings: Map<string, string>, user: string, request: SipMessage): string | undefined {
  const contact = headerOf(request, 'contact');
  const expires = /;expires=(\d+)/.exec(contact)?.[1] ?? (headerOf(request, 'expires') || '3600');
  const uri = /<([^>]+)>/.exec(contact)?.[1] ?? '';
  if (expires !== '0') bindings.set(user, uri);
  else if (bindings.get(user) === uri) bindings.delete(user);
  const bound = bindings.get(user);
  return bound === undefined ? undefined : `<${bound}>;expires=${expires === '0' ? 3600 : expires}`;
}

/** The user whose password answers the challenge; the nonce is not kept, a replay on the loopback harms nobody. */
function authenticated({ users }: Carrier, request: SipMessage): string | undefined {
  const given = digestParameters(headerOf(request, 'authorization'));
  const password = users[given['username'] ?? ''];
  if (password === undefined) return undefined;
  const ha1 = md5(`${given['username']}:${given['realm']}:${password}`);
  const ha2 = md5(`REGISTER:${given['uri']}`);
  const middle =
    given['qop'] === undefined ? given['nonce'] : `${given['nonce']}:${given['nc']}:${given['cnonce']}:${given['qop']}`;
  return md5(`${ha1}:${middle}:${ha2}`) === given['response'] ? given['username'] : undefined;
}

/** From a port of its own: a carrier is known by its address. */
async function place(address: string, { talkMs = 500, ...call }: SipCall): Promise<number> {
  const line = await placeSipCall({ ...call, address });
  if (line.status !== 200) return line.status;
  await Promise.race([line.ended, sleep(talkMs, undefined, { ref: false })]);
  await line.hangUp();
  return line.status;
}
