import { createHash, randomBytes } from 'node:crypto';
import { createServer as createTcpServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { PAYLOAD_TYPES } from '../rtp/g711.js';
import { listenForDatagrams, listenForStreams, type CarrierSockets, type Send } from './carrier-sockets.net.js';
import { writeSdp } from './sdp.js';
import type { SipDigest } from './sip-carrier.net.js';
import { digestParameters, headerOf, headersOf, parseSip, respond, type SipMessage } from './sip-message.js';

/** How the carrier behaves. Everything may be changed while it runs. */
export interface CarrierScript {
  /** Digest users with their passwords. */
  users: Record<string, string>;
  digest: SipDigest;
  /** A REGISTER gets this status in place of being looked at; undefined: it is looked at. */
  register?: number | undefined;
  /** An OPTIONS gets this status; `silent`: no answer. */
  options: number | 'silent';
  /** Calls are challenged, too. */
  challengesCalls: boolean;
  /**
   * What calls to each number get; others get 404. `ring`: 180 and nothing more. `trying`: 100 and nothing more.
   * `late`: 180, and 200 when the call is cancelled. `slow`: 180 after a second, to the first INVITE alone. `deaf`:
   * 180, and a cancellation changes nothing; `answerRinging` answers it.
   */
  numbers: Record<string, number | 'ring' | 'trying' | 'late' | 'slow' | 'deaf'>;
  /** The SDP of its 200. */
  session: string;
  /** Codecs that it accepts; other offers get 488. */
  codecs: readonly string[];
  /** Nothing is answered. */
  silent: boolean;
}

export interface ScriptedCarrier extends CarrierSockets {
  readonly script: CarrierScript;
  /** What arrived, in order. */
  readonly requests: SipMessage[];
  /** Contacts that are registered. */
  readonly contacts: ReadonlySet<string>;
  methods(): string[];
  /** Every call that rings gets its 200. */
  answerRinging(): void;
}

export interface CarrierPlace {
  transport?: 'udp' | 'tcp' | 'tls';
  /** PEM, for TLS. */
  key?: string;
  cert?: string;
}

const token = () => randomBytes(8).toString('hex');

/** A carrier on the loopback that answers as a test tells it, over any transport. Calls have no audio. */
export async function startScriptedCarrier(
  given: Partial<CarrierScript> = {},
  { transport = 'udp', key, cert }: CarrierPlace = {},
): Promise<ScriptedCarrier> {
  const script: CarrierScript = {
    users: {},
    digest: 'MD5',
    options: 200,
    challengesCalls: false,
    numbers: {},
    codecs: ['PCMU', 'PCMA'],
    silent: false,
    session: SESSION,
    ...given,
  };
  const rules = new Rules(script);
  const listening =
    transport === 'udp'
      ? { ...(await listenForDatagrams(rules)), show: () => undefined }
      : await listenForStreams(
          rules,
          transport === 'tcp' ? createTcpServer() : createTlsServer({ key, cert }),
          transport === 'tcp' ? 'connection' : 'secureConnection',
        );
  return {
    ...listening,
    script,
    requests: rules.requests,
    contacts: rules.contacts,
    methods: () => rules.requests.map(({ method }) => method!),
    answerRinging: () => rules.answerRinging(),
  };
}

type Answering = { answer: (status: number, headers?: [string, string][], body?: string) => void; send: Send };

/** Nobody is there: requests within a call go where the call itself went. */
const ANSWERED: [string, string][] = [
  ['Contact', `<sip:carrier@192.0.2.1:9>`],
  ['Content-Type', 'application/sdp'],
];
const SLOW_MS = 1_000;
const CODECS = [{ payloadType: PAYLOAD_TYPES.PCMU, name: 'PCMU' }];
const SESSION = writeSdp({ address: '127.0.0.1', port: 9, codecs: CODECS });

interface Ringing {
  invite: SipMessage;
  send: Send;
  /** What its cancellation gets; null: the cancellation changes nothing. */
  status: number | null;
}

class Rules {
  readonly requests: SipMessage[] = [];
  readonly contacts = new Set<string>();
  /** Branches of requests that were answered: what UDP sends again is not counted again. */
  private readonly seen = new Set<string>();
  private readonly ringing = new Map<string, Ringing>();

  constructor(private readonly script: CarrierScript) {}

  received(text: string, send: Send): void {
    const request = parseSip(text);
    if (request?.method === undefined) return;
    this.count(request);
    if (this.script.silent || request.method === 'ACK') return;
    const answer = (status: number, headers: [string, string][] = [], body?: string) =>
      send(respond(request, { status, phrase: 'Scripted', toTag: token(), headers, body }));
    switch (request.method) {
      case 'REGISTER':
        return this.register(request, answer);
      case 'INVITE':
        return this.invite(request, { answer, send });
      case 'CANCEL':
        return this.cancel(request, answer);
      case 'OPTIONS':
        return this.script.options === 'silent' ? undefined : answer(this.script.options);
      default:
        return answer(200);
    }
  }

  private count(request: SipMessage): void {
    const key = `${request.method} ${headerOf(request, 'via')}`;
    if (!this.seen.has(key)) this.requests.push(request);
    this.seen.add(key);
  }

  private register(request: SipMessage, answer: (status: number, headers?: [string, string][]) => void): void {
    const { register } = this.script;
    if (register !== undefined) return answer(register);
    if (!this.isAuthenticated(request, 'authorization')) return answer(401, [['WWW-Authenticate', this.challenge()]]);
    const contact = headerOf(request, 'contact');
    const uri = /<([^>]+)>/.exec(contact)?.[1];
    if (uri !== undefined) {
      if (/;expires=0$/.test(contact)) this.contacts.delete(uri);
      else this.contacts.add(uri);
    }
    answer(200);
  }

  private invite(request: SipMessage, { answer, send }: Answering): void {
    if (this.script.challengesCalls && !this.isAuthenticated(request, 'proxy-authorization'))
      return answer(407, [['Proxy-Authenticate', this.challenge()]]);
    if (!this.takesCodecOf(request)) return answer(488);
    const behaviour = this.behaviourFor(request);
    if (typeof behaviour === 'number')
      return behaviour < 300 ? answer(behaviour, ANSWERED, this.script.session) : answer(behaviour);
    this.ring(request, { behaviour, answer, send });
  }

  private ring(invite: SipMessage, { behaviour, answer, send }: Answering & { behaviour: string }): void {
    const callId = headerOf(invite, 'call-id');
    if (behaviour === 'slow' && this.ringing.has(callId)) return;
    const status = behaviour === 'deaf' ? null : behaviour === 'late' ? 200 : 487;
    this.ringing.set(callId, { invite, send, status });
    if (behaviour === 'slow') setTimeout(() => answer(180), SLOW_MS);
    else answer(behaviour === 'trying' ? 100 : 180);
  }

  private takesCodecOf({ body }: SipMessage): boolean {
    const offered = [...body.matchAll(/^a=rtpmap:\d+ (\w+)\/8000/gm)].map(([, codec]) => codec!);
    return offered.some((codec) => this.script.codecs.includes(codec));
  }

  private behaviourFor({ uri = '' }: SipMessage): CarrierScript['numbers'][string] {
    const number = /^sip:([^@;]+)@/.exec(uri)?.[1] ?? '';
    return this.script.numbers[decodeURIComponent(number)] ?? 404;
  }

  private cancel(request: SipMessage, answer: (status: number) => void): void {
    const ringing = this.ringing.get(headerOf(request, 'call-id'));
    answer(ringing === undefined ? 481 : 200);
    if (ringing === undefined || ringing.status === null) return;
    ringing.send(respond(ringing.invite, { status: ringing.status, phrase: 'Scripted', toTag: token() }));
    this.ringing.delete(headerOf(request, 'call-id'));
  }

  answerRinging(): void {
    const [headers, body] = [ANSWERED, this.script.session];
    for (const { invite, send } of this.ringing.values())
      send(respond(invite, { status: 200, phrase: 'Scripted', toTag: token(), headers, body }));
    this.ringing.clear();
  }

  private challenge = () =>
    `Digest realm="carrier.example.com", nonce="${token()}", algorithm=${this.script.digest}, qop="auth"`;

  private isAuthenticated(request: SipMessage, header: string): boolean {
    const given = digestParameters(headersOf(request, header)[0] ?? '');
    const password = this.script.users[given['username'] ?? ''];
    if (password === undefined) return false;
    const hash = (text: string) =>
      createHash(this.script.digest === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const a1 = hash(`${given['username']}:${given['realm']}:${password}`);
    const a2 = hash(`${request.method}:${given['uri']}`);
    const { nonce, nc, cnonce, qop, response } = given;
    return hash(`${a1}:${nonce}:${nc}:${cnonce}:${qop}:${a2}`) === response;
  }
}
