import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { PAYLOAD_TYPES, type Codec } from '../rtp/g711.js';
import { openRtpPeer, type RtpPeer } from '../rtp/rtp-peer.net.js';
import { readSdp, writeSdp } from './sdp.js';
import { CalleeOffers } from './callee-offers.js';
import {
  authenticates,
  keyOf,
  notifyOfRefer,
  withinDialog,
  type CalleeScript,
  type HeardInvite,
  type SipCallee,
} from './callee-script.js';
import { headerOf, parseSip, respond, type SipMessage } from './sip-message.js';

export type { SipCallee };

const PHRASES: Record<number, string> = { 180: 'Ringing', 200: 'OK', 407: 'Authenticate', 487: 'Terminated' };
/** RFC 3261 §17.1.1.1. */
const T1_MS = 500;
const token = () => randomBytes(8).toString('hex');

/** The far side of a trunk on the loopback: real SIP over UDP, real RTP. It counts what it is asked. */
export async function startSipCallee(options: { address?: string; port?: number } = {}): Promise<SipCallee> {
  const address = options.address ?? '127.0.0.1';
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(options.port ?? 0, address, resolve);
  });
  const callee = new Callee(socket, address);
  return callee;
}

interface Transaction {
  invite: HeardInvite;
  request: SipMessage;
  peer: RemoteInfo;
  toTag: string;
  /** The last response, for a repeated INVITE. */
  last: string | undefined;
  timers: NodeJS.Timeout[];
}

class Callee implements SipCallee {
  readonly invites: HeardInvite[] = [];
  readonly registers: string[] = [];
  readonly port: number;
  private script: (invite: SipMessage, nth: number) => CalleeScript = () => ({ outcome: 'answer' });
  /** By Call-ID and the number of the CSeq. */
  private readonly transactions = new Map<string, Transaction>();
  private refers = { status: 202, target: 200 };
  private readonly peers: Promise<RtpPeer>[] = [];
  private readonly offers = new CalleeOffers(token);

  constructor(
    private readonly socket: Socket,
    readonly address: string,
  ) {
    this.port = socket.address().port;
    socket.on('message', (data, peer) => {
      const message = parseSip(data.toString('utf8'));
      if (message?.method !== undefined) this.take(message, peer);
      else if (message !== undefined) this.offers.take(message);
    });
    socket.on('error', () => undefined);
  }

  get gateway(): string {
    return `${this.address}:${this.port}`;
  }

  open(): HeardInvite[] {
    return this.invites.filter(({ state }) => state === 'ringing' || state === 'answered');
  }

  will(script: CalleeScript | ((invite: SipMessage, nth: number) => CalleeScript)): void {
    this.script = typeof script === 'function' ? script : () => script;
  }

  reinvite(invite: HeardInvite, codec: Codec): Promise<number> {
    const { request, peer, toTag } = [...this.transactions.values()].find((one) => one.invite === invite)!;
    const codecs = [{ payloadType: PAYLOAD_TYPES[codec], name: codec }];
    const audio = { address: this.address, port: invite.audio!.port, codecs };
    const sdp = (version: number) => writeSdp(audio, version);
    return this.offers.make({ request, toTag, here: this.gateway }, sdp, (text) => this.send(text, peer));
  }

  async close(): Promise<void> {
    for (const { timers } of this.transactions.values()) timers.forEach(clearTimeout);
    for (const peer of await Promise.all(this.peers)) await peer.close();
    await new Promise<void>((resolve) => {
      this.socket.close(() => resolve());
    });
  }

  private take(message: SipMessage, peer: RemoteInfo): void {
    if (message.method === 'ACK') return this.acknowledged(message);
    if (message.method === 'INVITE') return this.invited(message, peer);
    if (message.method === 'CANCEL') return this.canceled(message, peer);
    if (message.method === 'REFER') return this.referred(message, peer);
    if (message.method === 'REGISTER') this.registers.push(message.uri ?? '');
    if (message.method === 'BYE') this.over(message);
    this.send(respond(message, { status: 200, phrase: 'OK', toTag: token() }), peer);
  }

  private invited(request: SipMessage, peer: RemoteInfo): void {
    const known = this.transactions.get(keyOf(request));
    if (known !== undefined) {
      if (known.last !== undefined) this.send(known.last, peer);
      return;
    }
    const invite: HeardInvite = {
      callId: headerOf(request, 'call-id'),
      uri: request.uri ?? '',
      message: request,
      at: performance.now(),
      answeredAt: undefined,
      state: 'ringing',
      audio: undefined,
      acknowledged: false,
    };
    this.invites.push(invite);
    const transaction: Transaction = { invite, request, peer, toTag: token(), last: undefined, timers: [] };
    this.transactions.set(keyOf(request), transaction);
    const script = this.script(request, this.invites.length);
    this.refers = script.refer ?? { status: 202, target: 200 };
    if (script.challenge !== undefined && !authenticates(request, script.challenge)) return this.challenge(transaction);
    if (script.outcome === 'silent') {
      invite.state = 'silent';
      return;
    }
    const act = () => {
      if (invite.state !== 'ringing') return;
      if (script.outcome === 'answer') void this.answer(transaction, script);
      else this.refuse(transaction, script);
    };
    if (script.ringMs === undefined) return act();
    this.reply(transaction, 180);
    transaction.timers.push(setTimeout(act, script.ringMs));
  }

  private challenge(transaction: Transaction): void {
    transaction.invite.state = 'challenged';
    this.reply(transaction, 407, [
      ['Proxy-Authenticate', `Digest realm="carrier.example.com", nonce="${token()}", algorithm=MD5`],
    ]);
  }

  private refuse(transaction: Transaction, { outcome, contact }: CalleeScript): void {
    transaction.invite.state = 'refused';
    this.reply(transaction, outcome as number, contact === undefined ? [] : [['Contact', `<${contact}>`]]);
  }

  private async answer(transaction: Transaction, { hangUpAfterMs }: CalleeScript): Promise<void> {
    const { invite, request } = transaction;
    const offer = readSdp(request.body);
    const codec = offer?.payloadTypes[0] === PAYLOAD_TYPES.PCMA ? 'PCMA' : 'PCMU';
    const opening = openRtpPeer({ address: this.address, codec });
    this.peers.push(opening);
    invite.audio = await opening;
    if (invite.state !== 'ringing') return;
    if (offer !== undefined) invite.audio.sendTo(offer.address, offer.port);
    const codecs = [{ payloadType: PAYLOAD_TYPES[codec], name: codec }];
    const body = writeSdp({ address: this.address, port: invite.audio.port, codecs });
    invite.state = 'answered';
    invite.answeredAt = performance.now();
    this.reply(
      transaction,
      200,
      [
        ['Contact', `<sip:callee@${this.gateway}>`],
        ['Content-Type', 'application/sdp'],
      ],
      body,
    );
    this.repeatUntilAcknowledged(transaction);
    if (hangUpAfterMs !== undefined) transaction.timers.push(setTimeout(() => this.hangUp(transaction), hangUpAfterMs));
  }

  private hangUp({ invite, request, peer, toTag }: Transaction): void {
    if (invite.state !== 'answered') return;
    invite.state = 'ended';
    const bye = withinDialog(request, { method: 'BYE', here: this.gateway, toTag, branch: token(), sequence: 9 });
    this.send(bye, peer);
  }

  /** RFC 3261 §13.3.1.4. A caller that had given up learns only so that it was answered. */
  private repeatUntilAcknowledged({ invite, last, peer, timers }: Transaction): void {
    const repeating = setInterval(() => {
      if (invite.acknowledged || invite.state !== 'answered') clearInterval(repeating);
      else this.send(last!, peer);
    }, T1_MS);
    timers.push(repeating);
  }

  private acknowledged(ack: SipMessage): void {
    const callId = headerOf(ack, 'call-id');
    for (const invite of this.invites) if (invite.callId === callId) invite.acknowledged = true;
  }

  private canceled(request: SipMessage, peer: RemoteInfo): void {
    const transaction = this.transactions.get(keyOf(request));
    this.send(respond(request, { status: 200, phrase: 'OK', toTag: transaction?.toTag ?? token() }), peer);
    if (transaction?.invite.state !== 'ringing') return;
    transaction.invite.state = 'canceled';
    this.reply(transaction, 487);
  }

  private referred(refer: SipMessage, peer: RemoteInfo): void {
    const { status, target } = this.refers;
    this.send(respond(refer, { status, phrase: status === 202 ? 'Accepted' : 'No' }), peer);
    const callId = headerOf(refer, 'call-id');
    const dialog = [...this.transactions.values()].findLast(({ invite }) => invite.callId === callId);
    if (status !== 202 || dialog === undefined) return;
    const place = { here: this.gateway, toTag: dialog.toTag, branch: token(), sequence: 5 };
    this.send(notifyOfRefer(dialog.request, place, target), peer);
  }

  /** A telephone that got a BYE falls silent. */
  private over(request: SipMessage): void {
    const callId = headerOf(request, 'call-id');
    for (const invite of this.invites.filter((one) => one.callId === callId && one.state === 'answered')) {
      invite.state = 'ended';
      invite.audio?.pause();
    }
  }

  private reply(
    transaction: Transaction,
    status: number,
    headers: readonly (readonly [string, string])[] = [],
    body = '',
  ) {
    const { request, peer, toTag } = transaction;
    transaction.last = respond(request, { status, phrase: PHRASES[status] ?? 'No', toTag, headers, body });
    this.send(transaction.last, peer);
  }

  private send(text: string, peer: RemoteInfo): void {
    this.socket.send(text, peer.port, peer.address, () => undefined);
  }
}
