import { randomBytes } from 'node:crypto';
import { TEST_CALL_MS } from '@trunkmesh/contracts/trunk-test.js';
import type { TrunkSettings } from '@trunkmesh/contracts/trunk.js';
import type { GatewayAddress } from '../gateway/gateway-address.js';
import { anyPort } from './any-port.net.js';
import { authenticated, type Authentication, type Ended } from './authenticated.net.js';
import { later, type Budget } from './budget.process.js';
import { LastWord } from './last-word.net.js';
import { agreedCodec, calledUri, contactUri, dialogOf, offerOf, routesOf } from './parties.js';
import { token, type Sent, type SipClient } from './sip-client.net.js';
import type { PlacedCall, TestedCall } from './test-record.js';
import type { Header, SipAnswer } from './sip-text.js';

export interface TestCall {
  client: SipClient;
  trunk: TrunkSettings;
  gateway: GatewayAddress;
  /** In the carrier's spelling. */
  dialled: string;
  /** From without its tag, and further headers that say who calls. */
  caller: { from: string; headers: readonly Header[] };
  authentication: Pick<Authentication, 'credentials' | 'realm'>;
  budget: Budget;
  sipCallId: string;
  /** Aborted where the call is to end before its time. */
  givenUp: AbortSignal;
  /** Its 200, once. `codec`: the first that both sides have; null: none. */
  onAnswer: (at: Date, codec: string | null) => void;
  /** How long a final answer is waited for once the call is cancelled, milliseconds; tests shorten it. */
  settleMs?: number | undefined;
}

/** How long the carrier may take to that first sign. */
const SIGN_MS = 6_000;
/** For what ends the call: CANCEL or BYE. */
const END_MS = 2_000;

/**
 * A call that is over after three seconds, whatever becomes of it: cancelled while it rings, hung up once it is
 * answered. Audio is offered and neither sent nor heard.
 */
export async function testCall(call: TestCall): Promise<PlacedCall> {
  const audio = await anyPort(call.client.wire.address);
  try {
    return await new Call(call, audio.address().port).run();
  } finally {
    audio.close();
  }
}

type Outcome = Pick<TestedCall, 'end' | 'status'>;
type Sign = { is: 'progress'; status: number } | { is: 'final' } | { is: 'time-over' };

class Call {
  private readonly uri: string;
  private readonly contact: string;
  private readonly tag = token();
  private readonly offer: string;
  private sequence = 0;
  /** The INVITE that was sent last. */
  private sent: Sent | undefined;
  private to: string;
  private progress: number | null = null;
  private isOver = false;
  private isAnswered = false;
  /** When the BYE was sent, or came. */
  private hungUpAt: Date | undefined;
  private byeSent = false;
  private cancelSent = false;
  /** Set while the carrier may still answer the INVITE, although its test is over. */
  private open: Promise<unknown> | undefined;
  private signs: (sign: Sign) => void = () => undefined;
  private readonly lastWord: LastWord;

  constructor(
    private readonly call: TestCall,
    audioPort: number,
  ) {
    const { client, trunk, gateway, dialled } = call;
    this.uri = calledUri(dialled, gateway, trunk.transport);
    this.contact = contactUri(token(), client.wire.here, trunk.transport);
    this.to = `<${this.uri}>`;
    const key = randomBytes(30).toString('base64');
    this.lastWord = new LastWord(call.settleMs);
    this.offer = offerOf(trunk, { address: client.wire.address, port: audioPort, key });
  }

  async run(): Promise<PlacedCall> {
    const { end, status } = await this.outcome();
    const overAt = new Date();
    const ringing = (this.progress ?? 0) > 100;
    const tested = (): TestedCall => ({ end, status, ringing, endedAt: this.hungUpAt ?? overAt });
    const settlesWithinMs = this.open === undefined ? 0 : this.lastWord.withinMs;
    return { tested: tested(), settled: Promise.resolve(this.open).then(tested), settlesWithinMs };
  }

  private async outcome(): Promise<Outcome> {
    const { client, givenUp } = this.call;
    const farSideHungUp = new Promise<'far-side'>((resolve) => {
      client.onBye = () => {
        this.hungUpAt ??= new Date();
        resolve('far-side');
      };
    });
    const signed = new Promise<Sign>((resolve) => {
      this.signs = resolve;
    });
    const ended = this.invite();
    const noSign = later<Sign>(this.call.budget.part(SIGN_MS), { is: 'time-over' }, givenUp);
    const first = await Promise.race([signed, ended.then((): Sign => ({ is: 'final' })), noSign.reached]);
    noSign.cancel();
    if (first.is === 'time-over') return this.cancelled(ended);
    const time = later<'over'>(this.call.budget.part(TEST_CALL_MS), 'over', givenUp);
    try {
      const final = await Promise.race([ended, time.reached]);
      if (final === 'over') return await this.cancelled(ended);
      if (final.end !== 'answered' || final.answer.status >= 300) return this.refused(final);
      if (agreedCodec(final.answer.body, this.call.trunk) === undefined) {
        await this.hangUp(final.answer);
        return { end: { end: 'no-audio' }, status: final.answer.status };
      }
      const by = await Promise.race([farSideHungUp, time.reached]);
      if (by === 'over') await this.hangUp(final.answer);
      this.isOver = true;
      return { end: { end: 'answered', hungUpBy: by === 'over' ? 'test' : 'far-side' }, status: final.answer.status };
    } finally {
      time.cancel();
    }
  }

  private invite(): Promise<Ended> {
    const { client, authentication } = this.call;
    return authenticated(
      (authorization) => {
        // Challenged after its CANCEL: nothing would end a second INVITE.
        if (this.isOver) return Promise.resolve(undefined);
        this.lastWord.expect();
        const headers = [...this.dialog('INVITE', (this.sequence += 1)), ...this.described(), ...authorization];
        const sent = client.send(
          { method: 'INVITE', uri: this.uri, headers, body: this.offer },
          {
            // Longer than the call: its end is a CANCEL, never a silence of ours.
            timeoutMs: SIGN_MS + TEST_CALL_MS + END_MS,
            onProgress: (status) => this.noteProgress(status),
            onFinal: (answer, branch) => this.acknowledge(answer, branch),
          },
        );
        this.sent = sent;
        return sent.final;
      },
      { ...authentication, method: 'INVITE', uri: this.uri, algorithms: ['MD5'] },
    );
  }

  private noteProgress(status: number): void {
    if (this.progress === null || status > 100) this.progress = status;
    if (status > 100) this.signs({ is: 'progress', status });
    if (this.isOver) this.cancel();
  }

  /** Every final answer is acknowledged (RFC 3261 §17.1.1.3, §13.2.2.4), and a call that is over is hung up. */
  private acknowledge(answer: SipAnswer, branch: string): void {
    this.to = answer.header('to') ?? this.to;
    const isAnswered = answer.status < 300;
    const { target, routes } = isAnswered ? dialogOf(answer, this.uri) : { target: this.uri, routes: [] };
    const sequence = Number(/^\d{1,10}/.exec(answer.header('cseq') ?? '')?.[0] ?? this.sequence);
    const headers = [...this.dialog('ACK', sequence), ...routesOf(routes)];
    this.call.client.sendOnce({ method: 'ACK', uri: target, headers }, isAnswered ? undefined : branch);
    if (isAnswered) this.answered(answer);
    this.lastWord.heard();
  }

  private answered(answer: SipAnswer): void {
    if (!this.isAnswered) this.call.onAnswer(new Date(), agreedCodec(answer.body, this.call.trunk) ?? null);
    this.isAnswered = true;
    if (this.isOver) void this.hangUp(answer);
  }

  /** Not answered in time. A 200 that comes all the same is acknowledged and hung up at once. */
  private async cancelled(ended: Promise<Ended>): Promise<Outcome> {
    this.isOver = true;
    this.sent?.sendNoMore();
    if (this.progress !== null) this.cancel();
    const time = later<'over'>(END_MS, 'over');
    const final = await Promise.race([ended, time.reached]);
    time.cancel();
    this.open = this.lastWord.after(final, this.call.client.wireLost);
    // What arrived together with the CANCEL is the carrier's own word.
    if (final !== 'over' && final.end === 'answered' && final.answer.status >= 300 && final.answer.status !== 487)
      return this.refused(final);
    if (this.progress !== null && this.progress > 100)
      return { end: { end: 'ringing', progress: this.progress }, status: this.progress };
    const challenged = this.sequence > 1;
    return { end: { end: 'silent', progress: this.progress === null ? null : 100, challenged }, status: this.progress };
  }

  /** Not before the carrier has said that it has the INVITE (RFC 3261 §9.1): it would know nothing to cancel. */
  private cancel(): void {
    if (this.cancelSent || this.sent === undefined) return;
    this.cancelSent = true;
    const headers = this.dialog('CANCEL', this.sequence, `<${this.uri}>`);
    const { branch } = this.sent;
    this.call.client.send({ method: 'CANCEL', uri: this.uri, headers }, { timeoutMs: END_MS, branch });
  }

  private refused(ended: Ended): Outcome {
    switch (ended.end) {
      case 'answered':
        return {
          end: { end: 'refused', status: ended.answer.status, challenged: ended.challenged },
          status: ended.answer.status,
        };
      case 'silent':
        return { end: { end: 'silent', progress: null, challenged: ended.challenged }, status: null };
      case 'challenge-unknown':
      case 'realm':
      case 'no-credentials':
        return { end: { end: ended.end }, status: null };
    }
  }

  /** To the address that the test may use, whatever host the far side's Contact names. */
  private async hangUp(answer: SipAnswer): Promise<void> {
    if (this.byeSent) return;
    this.byeSent = true;
    this.hungUpAt ??= new Date();
    const { target, routes } = dialogOf(answer, this.uri);
    const headers = [...this.dialog('BYE', (this.sequence += 1)), ...routesOf(routes)];
    await this.call.client.send({ method: 'BYE', uri: target, headers }, { timeoutMs: END_MS }).final;
  }

  private dialog(method: string, sequence: number, to = this.to): Header[] {
    return [
      ['From', `${this.call.caller.from};tag=${this.tag}`],
      ['To', method === 'INVITE' ? `<${this.uri}>` : to],
      ['Call-ID', this.call.sipCallId],
      ['CSeq', `${sequence} ${method}`],
    ];
  }

  private described(): Header[] {
    return [
      ['Contact', `<${this.contact}>`],
      ...this.call.caller.headers,
      ['Allow', 'INVITE, ACK, CANCEL, BYE, OPTIONS'],
      ['Content-Type', 'application/sdp'],
    ];
  }
}
