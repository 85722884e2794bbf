import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { writeSdp, type AudioDescription } from './sdp.js';
import type { SipInvite, SipLine } from './sip-line.js';
import { headerOf, headersOf, parseSip, respond, writeSip, type SipMessage } from './sip-message.js';

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
    return {
      status: answer.status ?? 0,
      description: answer.body,
      ended: dialog.ended,
      hangUp: () => dialog.hangUp(),
      info: (digit) => dialog.info(digit),
      reinvite: (audio, late) => dialog.reinvite(audio, late),
      moved: (audio) => {
        call.audio = audio;
      },
    };
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
  private sequence = 1;
  private version = 0;

  constructor(
    private readonly socket: Socket,
    private readonly call: SipInvite,
  ) {
    const { address, target } = call;
    this.callId = `${token()}@${address}`;
    this.from = `<sip:${call.from}@${address}:${socket.address().port}>;tag=${token()}`;
    this.remote = `sip:${call.number}@${target.host}:${target.port}`;
    this.to = `<sip:${call.to ?? call.number}@${target.host}:${target.port}>`;
    this.ended = new Promise((resolve) => {
      this.settleEnded = resolve;
    });
    socket.on('message', (data, peer) => {
      const message = parseSip(data.toString('utf8'));
      if (message === undefined) return;
      if (message.method === undefined) return this.onResponse(message);
      if (message.method === 'ACK') return;
      if (message.method === 'REFER') return this.refer(message);
      if (message.method === 'INVITE') return this.send(this.answerTo(message));
      socket.send(respond(message, { status: 200, phrase: 'OK', toTag: token() }), peer.port, peer.address);
      if (message.method === 'BYE') this.end('other-side');
    });
  }

  async invite(): Promise<SipMessage> {
    const { call } = this;
    const via = this.via();
    const late = call.lateOffer ?? false;
    const headers = [via, ...this.common('1 INVITE'), this.contact, ...(call.headers ?? []), ...this.sdpHeaders(!late)];
    const text = writeSip(`INVITE ${this.remote} SIP/2.0`, headers, late ? '' : this.sdp());
    call.onSent?.();
    const answer = await this.request(text);
    this.to = headerOf(answer, 'to');
    if (answer.status === 200)
      this.remote = /<([^>]+)>/.exec(headersOf(answer, 'contact')[0] ?? '')?.[1] ?? this.remote;
    this.acknowledge(answer, { via, sequence: 1, late });
    return answer;
  }

  async reinvite(audio: AudioDescription, late = false): Promise<{ status: number; description: string }> {
    this.call.audio = audio;
    const via = this.via();
    const sequence = (this.sequence += 1);
    const headers = [via, ...this.common(`${sequence} INVITE`), this.contact, ...this.sdpHeaders(!late)];
    const answer = await this.request(writeSip(`INVITE ${this.remote} SIP/2.0`, headers, late ? '' : this.sdp()));
    this.acknowledge(answer, { via, sequence, late });
    return { status: answer.status ?? 0, description: answer.body };
  }

  private answerTo(invite: SipMessage): string {
    const headers: Header[] = [
      ['Contact', `<sip:carrier@${this.here}>`],
      ['Content-Type', 'application/sdp'],
    ];
    return respond(invite, { status: 200, phrase: 'OK', headers, body: this.sdp() });
  }

  async info(digit: string): Promise<number> {
    const type: Header = ['Content-Type', 'application/dtmf-relay'];
    const headers = [this.via(), ...this.common(`${(this.sequence += 1)} INFO`), type];
    const text = writeSip(`INFO ${this.remote} SIP/2.0`, headers, `Signal=${digit}\r\nDuration=160\r\n`);
    return (await this.request(text)).status ?? 0;
  }

  /** In the INVITE's transaction where it was refused, in its own where not (RFC 3261 §17.1.1.3, §13.2.2.4). */
  private acknowledge(answer: SipMessage, of: { via: Header; sequence: number; late: boolean }): void {
    const { via, sequence, late } = of;
    const answered = answer.status === 200;
    const described = this.sdpHeaders(late && answered);
    const headers = [answered ? this.via() : via, ...this.common(`${sequence} ACK`), ...described];
    const ack = writeSip(`ACK ${this.remote} SIP/2.0`, headers, late && answered ? this.sdp() : '');
    this.send(ack);
    // It is sent again as long as the ACK has not come.
    this.onResponse = (again) => {
      if ((again.status ?? 0) >= 200 && headerOf(again, 'cseq') === `${sequence} INVITE`) this.send(ack);
    };
  }

  async hangUp(): Promise<void> {
    if (this.over) return;
    this.over = true;
    const headers = [this.via(), ...this.common(`${(this.sequence += 1)} BYE`)];
    await this.request(writeSip(`BYE ${this.remote} SIP/2.0`, headers));
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
    else
      setTimeout(() => {
        if (!this.over) this.notify();
      }, afterMs).unref();
  }

  private notify(): void {
    const { target = 200, hangs_up: hangsUp = false } = this.call.transfer ?? {};
    const subscription: Header[] = [
      ['Contact', `<sip:carrier@${this.here}>`],
      ['Event', 'refer'],
      ['Subscription-State', 'terminated;reason=noresource'],
      ['Content-Type', 'message/sipfrag;version=2.0'],
    ];
    const headers = [this.via(), ...this.common(`${(this.sequence += 1)} NOTIFY`), ...subscription];
    const said = `SIP/2.0 ${target} ${target === 200 ? 'OK' : 'Busy Here'}\r\n`;
    this.send(writeSip(`NOTIFY ${this.remote} SIP/2.0`, headers, said));
    if (hangsUp) void this.hangUp();
  }

  /** RFC 3261 §22.3. The credentials are not checked. */
  private challenge(request: SipMessage, takesMs: number): void {
    if (headerOf(request, 'proxy-authorization') === '') {
      const challenge = `Digest realm="carrier.example.com", nonce="${token()}", algorithm=MD5`;
      return this.send(
        respond(request, {
          status: 407,
          phrase: 'Proxy Authentication Required',
          toTag: token(),
          headers: [['Proxy-Authenticate', challenge]],
        }),
      );
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

  private get contact(): Header {
    return ['Contact', `<sip:${this.call.from.replace('+', '')}@${this.here}>`];
  }
  private get here(): string {
    return `${this.call.address}:${this.socket.address().port}`;
  }
  private via(): Header {
    return ['Via', `SIP/2.0/UDP ${this.here};rport;branch=z9hG4bK${token()}`];
  }
  private common(cseq: string): Header[] {
    return [
      ['Max-Forwards', '70'],
      ['From', this.from],
      ['To', this.to],
      ['Call-ID', this.callId],
      ['CSeq', cseq],
    ];
  }
  private send(text: string): void {
    this.socket.send(text, this.call.target.port, this.call.target.host);
  }

  private sdpHeaders(described: boolean): Header[] {
    return described ? [['Content-Type', 'application/sdp']] : [];
  }

  private sdp(): string {
    const { address, audio } = this.call;
    const nobody = { address, port: this.socket.address().port + 1, codecs: [{ payloadType: 0, name: 'PCMU' }] };
    return writeSdp(audio ?? nobody, (this.version += 1));
  }
}
