import { randomBytes } from 'node:crypto';
import { answerTo, readSip, writeSip, type Header, type SipAnswer } from './sip-text.js';
import type { Wire } from './sip-wire.net.js';

/** Timers of RFC 3261 §17 over UDP: a request is sent again after T1, then after twice as long each time, up to T2. */
const T1_MS = 500;
const T2_MS = 4_000;

export interface SipRequest {
  method: string;
  uri: string;
  /** Without Via, Max-Forwards and Content-Length. */
  headers: readonly Header[];
  body?: string | undefined;
}

export interface SendOptions {
  timeoutMs: number;
  /** For a CANCEL: the branch of its INVITE. */
  branch?: string;
  onProgress?(status: number): void;
  /** Each time that the final answer comes, also after the time is over: an INVITE's is acknowledged each time. */
  onFinal?(answer: SipAnswer, branch: string): void;
}

export const token = (): string => randomBytes(8).toString('hex');

/** One request under way, as far as an INVITE needs it again for its ACK and CANCEL. */
export interface Sent {
  branch: string;
  /** Undefined: none came in time. */
  final: Promise<SipAnswer | undefined>;
  /** It is not sent again, and its answers still arrive. */
  sendNoMore(): void;
}

/**
 * The client side of SIP on one wire: it sends requests, again where UDP may have lost them, and finds their answers by
 * the branch of their Via. Requests of the far side are answered and change nothing, but for a BYE.
 */
export class SipClient {
  /** By method and branch: a CANCEL has the branch of its INVITE. */
  private readonly transactions = new Map<string, (answer: SipAnswer) => void>();
  /** Some SIP answer came back. */
  answered = false;
  lost = false;
  onBye: () => void = () => undefined;
  private wireGone: () => void = () => undefined;
  /** Settles when the connection is lost: nothing arrives any more. */
  readonly wireLost = new Promise<void>((resolve) => (this.wireGone = resolve));

  constructor(readonly wire: Wire) {
    wire.listen({ onMessage: (text) => this.received(text), onLost: () => this.gone() });
  }

  private received(text: string): void {
    const message = readSip(text);
    if (message === undefined) return;
    if (message.kind === 'request') this.taken(message);
    else this.matched(message.answer);
  }

  private taken({ method, head }: { method: string; head: string }): void {
    if (method === 'ACK') return;
    const isTaken = ['BYE', 'OPTIONS', 'NOTIFY'].includes(method);
    this.wire.send(answerTo(head, isTaken ? '200 OK' : '405 Method Not Allowed'));
    if (method === 'BYE') this.onBye();
  }

  private matched(answer: SipAnswer): void {
    const branch = /;\s*branch=([\w.!%*+`'~-]{1,128})/i.exec(answer.header('via') ?? '')?.[1];
    const method = /^\d{1,10}\s+([A-Z]{1,20})$/.exec(answer.header('cseq') ?? '')?.[1];
    // Only the answer to a request that was sent: whoever can write to the port knows no branch.
    const onAnswer = this.transactions.get(`${method} ${branch}`);
    if (onAnswer === undefined) return;
    this.answered = true;
    onAnswer(answer);
  }

  private gone(): void {
    this.lost = true;
    this.wireGone();
    for (const onAnswer of this.transactions.values()) onAnswer(GONE);
  }

  send(request: SipRequest, options: SendOptions): Sent {
    const { timeoutMs, branch = `z9hG4bK${token()}`, onProgress, onFinal } = options;
    const text = this.write(request, branch);
    let again: NodeJS.Timeout | undefined;
    let settle: (answer: SipAnswer | undefined) => void = () => undefined;
    const final = new Promise<SipAnswer | undefined>((resolve) => {
      settle = resolve;
    });
    const end = (answer: SipAnswer | undefined) => {
      clearTimeout(again);
      clearTimeout(deadline);
      settle(answer);
    };
    const deadline = setTimeout(() => end(undefined), timeoutMs);
    const repeatAfter = (milliseconds: number) => {
      again = setTimeout(() => {
        this.wire.send(text);
        repeatAfter(Math.min(T2_MS, milliseconds * 2));
      }, milliseconds);
    };
    this.transactions.set(`${request.method} ${branch}`, (answer) => {
      if (answer === GONE) return end(undefined);
      if (answer.status >= 200) {
        onFinal?.(answer, branch);
        return end(answer);
      }
      if (request.method === 'INVITE') clearTimeout(again);
      onProgress?.(answer.status);
    });
    this.wire.send(text);
    if (this.lost) end(undefined);
    else if (this.wire.transport === 'udp') repeatAfter(T1_MS);
    return { branch, final, sendNoMore: () => clearTimeout(again) };
  }

  /** An ACK: nothing answers it. */
  sendOnce(request: SipRequest, branch = `z9hG4bK${token()}`): void {
    this.wire.send(this.write(request, branch));
  }

  private write({ method, uri, headers, body }: SipRequest, branch: string): string {
    const via = `SIP/2.0/${this.wire.transport.toUpperCase()} ${this.wire.here};rport;branch=${branch}`;
    return writeSip(`${method} ${uri} SIP/2.0`, [['Via', via], ['Max-Forwards', '70'], ...headers], body);
  }
}

/** The connection is gone: whoever waits for an answer waits no longer. */
const GONE: SipAnswer = { status: 0, header: () => undefined, headers: () => [], body: '' };
