import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { headerOf, headersOf, parseSip, respond, writeSip, type SipMessage } from './sip-message.js';

export interface SipInvite {
  /** Who is called: the Request-URI's user; `to` where the To user differs. */
  number: string;
  to?: string;
  from: string;
  target: { host: string; port: number };
  headers?: readonly (readonly [string, string])[];
  /** The loopback address to call from; the port is any. */
  address: string;
  /** Where the caller's audio is. Without it nobody listens. */
  audio?: { address: string; port: number; payloadType: number; codec: string };
  /** What a REFER within the call gets (202), and what the NOTIFY then says of its target (200). */
  transfer?: SipTransfer;
  /** The INVITE is about to go out. */
  onSent?: () => void;
}

/** `hangs_up`: the caller's BYE goes out in the same breath as that NOTIFY. `challenges`: only a REFER with credentials is taken, after this many milliseconds. */
export interface SipTransfer { refer?: number; target?: number; after_ms?: number; hangs_up?: boolean; challenges?: number }

/** One dialog, from the caller's side. */
export interface SipLine {
  /** The final status. Any other than 200: there is no call. */
  readonly status: number;
  /** Settles when the other side has said BYE, or this one. */
  readonly ended: Promise<'other-side' | 'caller'>;
  /** Settles when the BYE was answered. At once where the call is over. */
  hangUp(): Promise<void>;
}

/** Timer T1 (RFC 3261 §17.1.1.1): a request over UDP is sent again until something comes back. */
const T1_MS = 500;
const CALL_DEADLINE_MS = 15_000;
const token = () => randomBytes(8).toString('hex');

/** Resolves with the final answer; rejects where none comes. */
export async function placeSipCall(call: SipInvite): Promise<SipLine> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, call.address, resolve);
  });
  const dialog = new Dialog(socket, call);
  try {
    const answer = await dialog.invite();
    if (answer.status !== 200) socket.close();
    return { status: answer.status ?? 0, ended: dialog.ended, hangUp: () => dialog.hangUp() };
  } catch (error) {
    socket.close();
    throw error;
  }
}

type Header = readonly [string, string];

class Dialog {
  readonly ended: Promise<'other-side' | 'caller'>;
  private settleEnded!: (by: 'other-side' | 'caller') => void;
  private over = false;
  private remote: string;
  private to: string;
  private onResponse: (response: SipMessage) => void = () => undefined;
  private readonly callId: string;
  private readonly from: string;

  constructor(private readonly socket: Socket, private readonly call: SipInvite) {
    const { address, target } = call;
    this.callId = `${token()}@${address}`;
    this.from = `<sip:${call.from}@${address}:${socket.address().port}>;tag=${token()}`;
    this.remote = `sip:${call.number}@${target.host}:${target.port}`;
    this.to = `<sip:${call.to ?? call.number}@${target.host}:${target.port}>`;
    this.ended = new Promise((resolve) => { this.settleEnded = resolve; });
    socket.on('message', (data, peer) => {
      const message = parseSip(data.toString('utf8'));
      if (message === undefined) return;
      if (message.method === undefined) return this.onResponse(message);
      if (message.method === 'ACK') return;
      if (message.method === 'REFER') return this.refer(message);
      socket.send(respond(message, { status: 200, phrase: 'OK', toTag: token() }), peer.port, peer.address);
      if (message.method === 'BYE') this.end('other-side');
    });
  }

  async invite(): Promise<SipMessage> {
    const { call } = this;
    const via = this.via();
    const contact = ['Contact', `<sip:${call.from.replace('+', '')}@${this.here}>`] as const;
    const text = writeSip(`INVITE ${this.remote} SIP/2.0`, [via, ...this.common('1 INVITE'), contact, ...(call.headers ?? []), ['Content-Type', 'application/sdp']], this.sdp());
    call.onSent?.();
    const answer = await this.request(text);
    this.to = headerOf(answer, 'to');
    // Of the INVITE's transaction where it was refused, of its own where it was answered (RFC 3261 §17.1.1.3, §13.2.2.4).
    if (answer.status === 200) this.remote = /<([^>]+)>/.exec(headersOf(answer, 'contact')[0] ?? '')?.[1] ?? this.remote;
    const ack = writeSip(`ACK ${this.remote} SIP/2.0`, [answer.status === 200 ? this.via() : via, ...this.common('1 ACK')]);
    this.send(ack);
    // It is sent again as long as the ACK has not come.
    this.onResponse = (again) => { if ((again.status ?? 0) >= 200 && headerOf(again, 'cseq').endsWith('INVITE')) this.send(ack); };
    return answer;
  }

  async hangUp(): Promise<void> {
    if (this.over) return;
    this.over = true;
    await this.request(writeSip(`BYE ${this.remote} SIP/2.0`, [this.via(), ...this.common('3 BYE')]));
    this.over = false;
    this.end('caller');
  }

  /** RFC 3515 §2.4: it is taken, and one NOTIFY says what became of its target and that no other follows. */
  private refer(request: SipMessage): void {
    const { refer = 202, challenges, after_ms: afterMs = 0 } = this.call.transfer ?? {};
    if (challenges !== undefined) return this.challenge(request, challenges);
    this.send(respond(request, { status: refer, phrase: refer === 202 ? 'Accepted' : 'Decline', toTag: token() }));
    if (refer !== 202) return;
    if (afterMs === 0) this.notify();
    else setTimeout(() => { if (!this.over) this.notify(); }, afterMs).unref();
  }

  private notify(): void {
    const { target = 200, hangs_up: hangsUp = false } = this.call.transfer ?? {};
    const subscription: Header[] = [['Contact', `<sip:carrier@${this.here}>`], ['Event', 'refer'], ['Subscription-State', 'terminated;reason=noresource'], ['Content-Type', 'message/sipfrag;version=2.0']];
    this.send(writeSip(`NOTIFY ${this.remote} SIP/2.0`, [this.via(), ...this.common('2 NOTIFY'), ...subscription], `SIP/2.0 ${target} ${target === 200 ? 'OK' : 'Busy Here'}\r\n`));
    if (hangsUp) void this.hangUp();
  }

  /** RFC 3261 §22.3. Whose credentials they are nobody asks. */
  private challenge(request: SipMessage, takesMs: number): void {
    if (headerOf(request, 'proxy-authorization') === '') {
      const challenge = `Digest realm="carrier.example.com", nonce="${token()}", algorithm=MD5`;
      return this.send(respond(request, { status: 407, phrase: 'Proxy Authentication Required', toTag: token(), headers: [['Proxy-Authenticate', challenge]] }));
    }
    this.call.transfer = { ...this.call.transfer, challenges: undefined };
    setTimeout(() => this.refer(request), takesMs).unref();
  }

  private end(by: 'other-side' | 'caller'): void {
    if (this.over) return;
    this.over = true;
    this.settleEnded(by);
    // What was sent goes out first, and a BYE that is sent again finds an answer.
    setTimeout(() => this.socket.close(), T1_MS).unref();
  }

  private request(text: string): Promise<SipMessage> {
    return new Promise((resolve, reject) => {
      const again = setInterval(() => this.send(text), T1_MS);
      const deadline = setTimeout(() => {
        clearInterval(again);
        reject(new Error(`no final answer to ${text.slice(0, text.indexOf('\r\n'))} within ${CALL_DEADLINE_MS} ms`));
      }, CALL_DEADLINE_MS);
      this.onResponse = (response) => {
        if (headerOf(response, 'cseq').endsWith('NOTIFY')) return;
        clearInterval(again);
        if ((response.status ?? 0) < 200) return;
        clearTimeout(deadline);
        resolve(response);
      };
      this.send(text);
    });
  }

  private get here(): string { return `${this.call.address}:${this.socket.address().port}`; }
  private via(): Header { return ['Via', `SIP/2.0/UDP ${this.here};rport;branch=z9hG4bK${token()}`]; }
  private common(cseq: string): Header[] { return [['Max-Forwards', '70'], ['From', this.from], ['To', this.to], ['Call-ID', this.callId], ['CSeq', cseq]]; }
  private send(text: string): void { this.socket.send(text, this.call.target.port, this.call.target.host); }

  private sdp(): string {
    const { address, port, payloadType, codec } = this.call.audio ?? { address: this.call.address, port: this.socket.address().port + 1, payloadType: 0, codec: 'PCMU' };
    return [
      'v=0', `o=carrier 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0', `m=audio ${port} RTP/AVP ${payloadType} 101`, `a=rtpmap:${payloadType} ${codec}/8000`,
      'a=rtpmap:101 telephone-event/8000', '',
    ].join('\r\n');
  }
}
