import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { digestParameters, headerOf, headersOf, parseSip, respond, writeSip, type SipMessage } from './sip-message.js';

export interface SipCarrierOptions {
  /** The loopback address to send from; another one than the trunk's is a stranger's. */
  address?: string;
  port?: number;
  /** Digest users (RFC 3261 §22) that may register, with their passwords. */
  users?: Record<string, string>;
}

export interface SipCall {
  /** Who is called: the Request-URI's user; `to` where the To user differs. */
  number: string;
  to?: string;
  from: string;
  target: { host: string; port: number };
  headers?: readonly (readonly [string, string])[];
  /** An answered call is hung up after this long. */
  talkMs?: number;
  /** Where the caller's audio is; without it nobody speaks and nobody listens. */
  audioPort?: number;
  /** What a REFER within the call gets (202), and what the NOTIFY then says of its target (200). */
  transfer?: { refer?: number; target?: number };
}

/** A carrier on the loopback, small enough to be in every checkout: a registrar with digest, and calls. Real SIP over UDP; no audio. */
export interface SipCarrier {
  readonly address: string;
  readonly port: number;
  /** Contacts of the registered users, by user. */
  readonly bindings: ReadonlyMap<string, string>;
  /** The final status that the call got; 200 after it was answered, and hung up. */
  call(call: SipCall): Promise<number>;
  /** The same, without waiting for its end. */
  place(call: SipCall): { final: Promise<number>; ended: Promise<void> };
  close(): Promise<void>;
}

const REALM = 'carrier.example.com';
/** Timer T1 (RFC 3261 §17.1.1.1): a request over UDP is sent again until something comes back. */
const T1_MS = 500;
const CALL_DEADLINE_MS = 15_000;

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
  const carrier = { socket, address, port, users: options.users ?? {}, bindings: new Map<string, string>(), calls: new Map<string, CallInProgress>() };
  socket.on('message', (data, peer) => {
    const message = parseSip(data.toString('utf8'));
    if (message?.method !== undefined) answer(carrier, message, peer);
    else if (message !== undefined) carrier.calls.get(headerOf(message, 'call-id'))?.response(message);
  });
  return {
    address, port, bindings: carrier.bindings,
    call: async (call) => {
      const { final, ended } = place(carrier, call);
      await ended;
      return final;
    },
    place: (call) => place(carrier, call),
    close: () => new Promise((resolve) => { socket.close(() => resolve()); }),
  };
}

interface Carrier {
  socket: Socket;
  address: string;
  port: number;
  users: Record<string, string>;
  bindings: Map<string, string>;
  calls: Map<string, CallInProgress>;
}

interface CallInProgress {
  response(response: SipMessage): void;
  /** The other side hung up. */
  ended(): void;
  transfer: { refer: number; target: number };
}

function answer(carrier: Carrier, request: SipMessage, peer: RemoteInfo): void {
  const send = (text: string) => carrier.socket.send(text, peer.port, peer.address);
  if (request.method === 'ACK') return;
  if (request.method !== 'REGISTER') {
    const call = carrier.calls.get(headerOf(request, 'call-id'));
    if (request.method === 'REFER' && call !== undefined) return refer(request, call, { here: `${carrier.address}:${carrier.port}`, send });
    send(respond(request, { status: 200, phrase: 'OK', toTag: token() }));
    if (request.method === 'BYE') call?.ended();
    return;
  }
  const user = authenticated(carrier, request);
  if (user === undefined) {
    const challenge = `Digest realm="${REALM}", nonce="${token()}", algorithm=MD5`;
    send(respond(request, { status: 401, phrase: 'Unauthorized', toTag: token(), headers: [['WWW-Authenticate', challenge]] }));
    return;
  }
  const bound = bind(carrier.bindings, user, request);
  const headers = bound === undefined ? [] : [['Contact', bound] as const];
  send(respond(request, { status: 200, phrase: 'OK', toTag: token(), headers }));
}

/** RFC 3515 §2.4: the REFER is taken, and one NOTIFY says what became of its target and that no other follows. */
function refer(request: SipMessage, { transfer: { refer: status, target } }: CallInProgress, { here, send }: { here: string; send: (text: string) => void }): void {
  send(respond(request, { status, phrase: status === 202 ? 'Accepted' : 'Decline', toTag: token() }));
  if (status !== 202) return;
  const remote = /<([^>]+)>/.exec(headerOf(request, 'contact'))?.[1] ?? '';
  send(writeSip(`NOTIFY ${remote} SIP/2.0`, [
    ['Via', `SIP/2.0/UDP ${here};rport;branch=z9hG4bK${token()}`], ['Max-Forwards', '70'],
    ['From', headerOf(request, 'to')], ['To', headerOf(request, 'from')], ['Call-ID', headerOf(request, 'call-id')], ['CSeq', '2 NOTIFY'],
    ['Contact', `<sip:carrier@${here}>`], ['Event', 'refer'], ['Subscription-State', 'terminated;reason=noresource'], ['Content-Type', 'message/sipfrag;version=2.0'],
  ], `SIP/2.0 ${target} ${target === 200 ? 'OK' : 'Busy Here'}\r\n`));
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
  const middle = given['qop'] === undefined ? given['nonce'] : `${given['nonce']}:${given['nc']}:${given['cnonce']}:${given['qop']}`;
  return md5(`${ha1}:${middle}:${ha2}`) === given['response'] ? given['username'] : undefined;
}

function place(carrier: Carrier, call: SipCall): { final: Promise<number>; ended: Promise<void> } {
  const { socket, address, port } = carrier;
  const { target } = call;
  const callId = `${token()}@${address}`;
  const from = `<sip:${call.from}@${address}:${port}>;tag=${token()}`;
  const uri = `sip:${call.number}@${target.host}:${target.port}`;
  const to = `<sip:${call.to ?? call.number}@${target.host}:${target.port}>`;
  const via = () => ['Via', `SIP/2.0/UDP ${address}:${port};rport;branch=z9hG4bK${token()}`] as const;
  const contact = ['Contact', `<sip:${call.from.replace('+', '')}@${address}:${port}>`] as const;
  const common = (toValue: string, cseq: string) => [['Max-Forwards', '70'], ['From', from], ['To', toValue], ['Call-ID', callId], ['CSeq', cseq]] as const;
  const send = (text: string) => socket.send(text, target.port, target.host);
  const sdp = ['v=0', `o=carrier 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${call.audioPort === undefined ? address : '127.0.0.1'}`, 't=0 0', `m=audio ${call.audioPort ?? port + 1} RTP/AVP 0 101`, 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', ''].join('\r\n');
  const inviteVia = via();
  const invite = writeSip(`INVITE ${uri} SIP/2.0`, [inviteVia, ...common(to, '1 INVITE'), contact, ...(call.headers ?? []), ['Content-Type', 'application/sdp']], sdp);

  let resolve!: (status: number) => void;
  let reject!: (error: Error) => void;
  let over!: () => void;
  const final = new Promise<number>((settle, fail) => { [resolve, reject] = [settle, fail]; });
  const ended = new Promise<void>((settle) => { over = settle; });
  const again = setInterval(() => send(invite), T1_MS);
  let bye: NodeJS.Timeout | undefined;
  const end = (status: number) => {
    clearInterval(again);
    clearTimeout(deadline);
    clearTimeout(bye);
    carrier.calls.delete(callId);
    resolve(status);
    over();
  };
  const deadline = setTimeout(() => {
    reject(new Error(`no final answer to the call to ${call.number} within ${CALL_DEADLINE_MS} ms`));
    end(0);
  }, CALL_DEADLINE_MS);
  const refused = (status: number, toValue: string): void => {
    // Of the same transaction, so with the INVITE's branch (RFC 3261 §17.1.1.3).
    send(writeSip(`ACK ${uri} SIP/2.0`, [inviteVia, ...common(toValue, '1 ACK')]));
    end(status);
  };
  const answered = (message: SipMessage, toValue: string): void => {
    const remote = /<([^>]+)>/.exec(headersOf(message, 'contact')[0] ?? '')?.[1] ?? uri;
    send(writeSip(`ACK ${remote} SIP/2.0`, [via(), ...common(toValue, '1 ACK')]));
    if (bye !== undefined) return;
    clearTimeout(deadline);
    resolve(200);
    bye = setTimeout(() => send(writeSip(`BYE ${remote} SIP/2.0`, [via(), ...common(toValue, '3 BYE')])), call.talkMs ?? 500);
  };
  const response = (message: SipMessage): void => {
    clearInterval(again);
    const status = message.status ?? 0;
    const cseq = headerOf(message, 'cseq');
    if (status < 200 || cseq.endsWith('NOTIFY')) return;
    if (cseq.endsWith('BYE')) end(200);
    else if (status >= 300) refused(status, headerOf(message, 'to'));
    else answered(message, headerOf(message, 'to'));
  };
  carrier.calls.set(callId, { response, ended: () => { end(200); }, transfer: { refer: 202, target: 200, ...call.transfer } });
  send(invite);
  return { final, ended };
}
