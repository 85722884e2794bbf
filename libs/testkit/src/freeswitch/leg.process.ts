import { audioFigures, Channel, type ChannelStart } from './channel.js';
import { ACK_MS, ackOf, UNACKNOWLEDGED_MS, type Ack } from './ack.js';
import { PHRASES, causeOfStatus, refusalOf } from './carrier.js';
import { transfer, type Transfer } from './transfer.js';
import { stampOf } from './events.process.js';
import { CallMedia } from './call-media.net.js';
import { localMedia } from './local-media.net.js';
import { Parking } from './parking.process.js';
import type { Switch } from './switch.process.js';
import type { Headers } from './wire.js';

export interface Final {
  status: number;
  phrase: string;
  headers: Record<string, string>;
}

const legs = new WeakMap<Switch, Map<string, Leg>>();

/** The channels that this FreeSWITCH has up, by uuid. */
export function legsOf(freeswitch: Switch): Map<string, Leg> {
  let own = legs.get(freeswitch);
  if (own === undefined) legs.set(freeswitch, (own = new Map()));
  return own;
}

/** A channel that is up: its audio, its events, its end. */
export class Leg {
  readonly channel: Channel;
  /** The final SIP response to an inbound call. */
  readonly final: Promise<Final>;
  readonly ended: Promise<void>;
  /** Called when the call is over and its last event was sent. */
  onReported: (() => void) | undefined;
  sendsAudio = true;
  ack: Ack = 'real';
  /** The caller answers an INVITE of ours within the call. */
  answersOffers = true;
  transferredTo: string | undefined;
  /** What the other side does with a REFER. */
  transfer: Transfer = transfer.parse({});
  /** Digits that were sent into the call. */
  digitsHeard = '';
  /** When the SIP dialog was lost to a channel that is still there. */
  private forsakenAt: number | undefined;
  private settleFinal!: (final: Final) => void;
  private settleEnded!: () => void;
  private readonly blocking: { application: string; data: string; id: string }[] = [];
  readonly media = new CallMedia(() => this.sendsAudio);
  readonly parking = new Parking(this);
  private readonly timers = new Set<NodeJS.Timeout>();
  readonly atEnd: (() => void)[] = [];

  constructor(
    readonly freeswitch: Switch,
    start: ChannelStart,
  ) {
    this.channel = new Channel(start);
    this.final = new Promise((resolve) => {
      this.settleFinal = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.settleEnded = resolve;
    });
    legsOf(freeswitch).set(start.uuid, this);
    freeswitch.sessions += 1;
  }

  get uuid(): string {
    return this.channel.uuid;
  }

  /** An application that holds the channel until the call ends, also when the program that started it is gone. */
  get held(): boolean {
    return this.blocking.length > 0;
  }

  fire(name: string, more: Headers = [], options: Parameters<Channel['headers']>[0] = {}): void {
    this.freeswitch.events.fire(name, [...this.channel.headers(options), ...more], { uuid: this.uuid });
  }

  after(milliseconds: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, milliseconds);
    this.timers.add(timer);
  }

  /** The application has begun and holds the channel until the call ends. */
  hold(application: string, data: string, id: string): void {
    this.blocking.push({ application, data, id });
  }

  /** The loop's variables are set only while an application runs. */
  leaveLoop(): void {
    this.channel.set('current_loop', undefined);
    this.channel.set('total_loops', undefined);
  }

  ringing(): void {
    this.channel.progressAt ||= this.freeswitch.events.now();
    this.fire('CHANNEL_PROGRESS');
  }

  answer(): void {
    const { channel, freeswitch } = this;
    if (channel.answered || channel.hungUp) return;
    channel.answerState = 'answered';
    channel.answeredAt = freeswitch.events.now();
    for (const [name, value] of localMedia(freeswitch.sofia.sipAddress)) channel.set(name, value);
    this.fire('CHANNEL_ANSWER');
    channel.callState = 'ACTIVE';
    channel.set('endpoint_disposition', 'ANSWER');
    if (this.ack === 'none') this.after(UNACKNOWLEDGED_MS, () => this.hangup('NORMAL_UNSPECIFIED', ''));
    else
      this.after(ACK_MS, () => {
        for (const [name, value] of ackOf(this.ack, this.uuid)) channel.set(name, value);
      });
    this.settleFinal({ status: 200, phrase: 'OK', headers: {} });
  }

  /**
   * Sends a final refusal of its own choosing, as the application `respond` does. On an answered call there is nothing
   * left to refuse: it is hung up.
   */
  respond(status: number, phrase: string): void {
    const retryAfter = this.channel.variables.get('sip_rh_Retry-After');
    this.settleFinal({ status, phrase, headers: retryAfter === undefined ? {} : { 'Retry-After': retryAfter } });
    this.hangup(causeOfStatus(status), this.channel.answered ? 'send_bye' : 'send_refuse');
  }

  hangup(cause: string, disposition?: string): void {
    const { channel } = this;
    if (channel.hungUp) return;
    for (const timer of this.timers) clearTimeout(timer);
    const how = disposition ?? this.ownDisposition();
    channel.hangupCause = cause;
    channel.answerState = 'hangup';
    channel.stateNumber = 10;
    if (how === 'recv_bye') {
      for (const [name, value] of [
        ['sip_term_status', '200'],
        ['proto_specific_hangup_cause', 'sip:200'],
        ['sip_term_cause', '16'],
      ] as const)
        channel.set(name, value);
    }
    const status = how === 'recv_cancel' ? 487 : refusalOf(cause);
    this.settleFinal({ status, phrase: PHRASES[status] ?? cause, headers: {} });
    this.fire('CHANNEL_HANGUP');
    if (how === 'recv_bye') channel.set('sip_hangup_disposition', how);
    void this.media.end();
    this.media.goOn();
    setImmediate(() => this.report(cause === 'BLIND_TRANSFER' || this.forsakenAt !== undefined ? undefined : how));
  }

  /** What FreeSWITCH itself sends to end a call that it ends. */
  private ownDisposition(): string {
    if (this.channel.answered) return 'send_bye';
    return this.channel.direction === 'inbound' ? 'send_refuse' : 'send_cancel';
  }

  /** Everything from the hang-up to the last event, in FreeSWITCH's order. */
  private report(disposition: string | undefined): void {
    const { channel, freeswitch } = this;
    for (const { application, data, id } of this.blocking.splice(0)) this.complete(application, data, id);
    this.parking.leave();
    channel.enter('CS_HANGUP', 10);
    this.fire('CHANNEL_STATE', [], { variables: false });
    channel.hangupAt = freeswitch.events.now();
    for (const work of this.atEnd) work();
    channel.enter('CS_REPORTING', 11, 'HANGUP');
    this.fire('CHANNEL_STATE', [], { variables: false });
    channel.report(freeswitch.events.now(), stampOf);
    if (disposition !== undefined) channel.set('sip_hangup_disposition', disposition);
    if (channel.answered) this.countAudio();
    this.fire('CHANNEL_HANGUP_COMPLETE', [], { causeFirst: true });
    channel.enter('CS_REPORTING', 12);
    this.fire('CHANNEL_DESTROY');
    legsOf(freeswitch).delete(this.uuid);
    this.onReported?.();
    this.parking.onLeft?.();
    this.settleEnded();
  }

  /** The caller's carrier has changed the codec. FreeSWITCH says so, and nothing of what it ended with that. */
  async changeCodec(name: string): Promise<void> {
    this.channel.codecName = name;
    this.channel.set('rtp_use_codec_name', name);
    await this.media.end();
    this.fire('CODEC');
  }

  private countAudio(): void {
    const { channel } = this;
    const frames = Math.floor((channel.hangupAt - channel.answeredAt) / 20_000);
    channel.packetsIn = this.sendsAudio ? frames : 0;
    channel.packetsOut = this.media.received ?? (this.echoes ? channel.packetsIn : 0);
    for (const [name, value] of audioFigures(channel)) channel.set(name, value);
  }

  /** The other side has had a BYE and is gone; the channel does not know. */
  forsake(): void {
    this.forsakenAt ??= this.freeswitch.events.now();
    this.sendsAudio = false;
  }

  /** RTP packets so far. */
  packetsFromCaller(): number {
    const { answeredAt } = this.channel;
    if (answeredAt === 0 || (!this.sendsAudio && this.forsakenAt === undefined)) return 0;
    return Math.floor(((this.forsakenAt ?? this.freeswitch.events.now()) - answeredAt) / 20_000);
  }

  private echoes = false;
  echo(): void {
    this.echoes = true;
  }

  complete(application: string, data: string, id: string): void {
    this.fire('CHANNEL_EXECUTE_COMPLETE', [
      ['Application', application],
      ...(data === '' ? [] : [['Application-Data', data] as const]),
      ['Application-Response', '_none_'],
      ['Application-UUID', id],
    ]);
  }

  get heard(): readonly Buffer[] {
    return this.media.heard;
  }

  say(l16: Buffer): void {
    this.media.words.push(l16);
  }

  /** One digit, by RFC 4733 (`RTP`) or by INFO (`ENDPOINT`). */
  press(digit: string, source: 'RTP' | 'ENDPOINT' = 'RTP'): void {
    if (!this.channel.answered || this.channel.hungUp) return;
    this.fire('DTMF', [
      ['DTMF-Digit', digit],
      ['DTMF-Duration', '2000'],
      ['DTMF-Source', source],
    ]);
  }
}
