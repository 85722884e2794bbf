import { randomUUID } from 'node:crypto';
import { audioFigures, Channel, type ChannelStart } from './channel.js';
import { PHRASES, causeOfStatus, refusalOf } from './carrier.js';
import { deflect, transfer, type Transfer } from './deflect.calls.js';
import { stampOf } from './events.clock.js';
import { recordSession } from './record-session.calls.js';
import { localMedia } from './local-media.net.js';
import type { Switch } from './switch.state.js';
import { Unicast, type AudioTap, type UnicastOptions } from './unicast.udp.js';
import type { Headers } from './wire.js';

/** The caller's ACK comes back a moment after the 200, and with it what only it knows. Without one FreeSWITCH gives up. */
const [ACK_MS, UNACKNOWLEDGED_MS] = [5, 32_000];

export const ownTag = (uuid: string): string => uuid.slice(0, 13).replace('-', '');
const ackOf = (ack: string, uuid: string): Headers => [['sip_to_tag', ack === 'forged' ? 'forged' : ownTag(uuid)], ['sip_cseq', '1']];

export interface Final { status: number; phrase: string; headers: Record<string, string> }

/** A channel that lives: its applications, its audio, its end. */
export class Leg {
  readonly channel: Channel;
  /** The final SIP response to an inbound call. */
  readonly final: Promise<Final>;
  readonly ended: Promise<void>;
  /** Told when the call is over and its last event was sent. */
  onReported: (() => void) | undefined;
  socketData: string | undefined;
  sendsAudio = true;
  ack: 'real' | 'none' | 'forged' = 'real';
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
  private unicast: Unicast | undefined;
  private readonly words: Buffer[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  audioTap: AudioTap | undefined;
  readonly atEnd: (() => void)[] = [];

  constructor(readonly freeswitch: Switch, start: ChannelStart) {
    this.channel = new Channel(start);
    this.final = new Promise((resolve) => { this.settleFinal = resolve; });
    this.ended = new Promise((resolve) => { this.settleEnded = resolve; });
    freeswitch.legs.set(start.uuid, this);
    freeswitch.sessions += 1;
  }

  get uuid(): string { return this.channel.uuid; }

  /** An application that holds the channel until the call ends, whatever becomes of who started it. */
  get held(): boolean { return this.blocking.length > 0; }

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

  /** Runs one dialplan application with its two events. `echo` and its like hold until the call ends. */
  async execute(application: string, data: string): Promise<void> {
    const { channel } = this;
    if (channel.hungUp) return;
    const id = randomUUID();
    channel.set('current_loop', '1');
    channel.set('total_loops', '1');
    channel.set('current_application_data', data);
    channel.set('current_application', application);
    const what: Headers = [['Application', application], ...(data === '' ? [] : [['Application-Data', data] as const])];
    this.fire('CHANNEL_EXECUTE', [...what, ['Application-UUID', id]]);
    const run = APPLICATIONS[application];
    if (run === undefined) return this.hangup('DESTINATION_OUT_OF_ORDER');
    if ((await run(this, data)) === 'blocking') {
      this.blocking.push({ application, data, id });
      return this.leaveLoop();
    }
    this.fire('CHANNEL_EXECUTE_COMPLETE', [...what, ['Application-Response', '_none_'], ['Application-UUID', id]]);
    this.leaveLoop();
  }

  /** The loop's variables stand while an application runs, and no longer. */
  private leaveLoop(): void {
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
    else this.after(ACK_MS, () => { for (const [name, value] of ackOf(this.ack, this.uuid)) channel.set(name, value); });
    this.settleFinal({ status: 200, phrase: 'OK', headers: {} });
  }

  /** Sends a final refusal of its own choosing, as the application `respond` does. On an answered call there is nothing left to refuse: it is hung up. */
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
      for (const [name, value] of [['sip_term_status', '200'], ['proto_specific_hangup_cause', 'sip:200'], ['sip_term_cause', '16']] as const) channel.set(name, value);
    }
    const status = how === 'recv_cancel' ? 487 : refusalOf(cause);
    this.settleFinal({ status, phrase: PHRASES[status] ?? cause, headers: {} });
    this.fire('CHANNEL_HANGUP');
    if (how === 'recv_bye') channel.set('sip_hangup_disposition', how);
    void this.unicast?.close();
    setImmediate(() => this.report(cause === 'BLIND_TRANSFER' || this.forsakenAt !== undefined ? undefined : how));
  }

  /** What FreeSWITCH itself sends to end a call that it ends. */
  private ownDisposition(): string {
    if (this.channel.answered) return 'send_bye';
    return this.channel.direction === 'inbound' ? 'send_refuse' : 'send_cancel';
  }

  /** Everything from the hang-up to the record, in FreeSWITCH's order. */
  private report(disposition: string | undefined): void {
    const { channel, freeswitch } = this;
    for (const { application, data, id } of this.blocking.splice(0)) this.complete(application, data, id);
    if (this.socketData !== undefined) {
      this.fire('CHANNEL_UNPARK');
      this.complete('socket', this.socketData, randomUUID());
    }
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
    freeswitch.legs.delete(this.uuid);
    this.onReported?.();
    this.settleEnded();
  }

  private countAudio(): void {
    const { channel } = this;
    const frames = Math.floor((channel.hangupAt - channel.answeredAt) / 20_000);
    channel.packetsIn = this.sendsAudio ? frames : 0;
    channel.packetsOut = this.unicast?.received ?? (this.echoes ? channel.packetsIn : 0);
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
  echo(): void { this.echoes = true; }

  private complete(application: string, data: string, id: string): void {
    this.fire('CHANNEL_EXECUTE_COMPLETE', [['Application', application], ...(data === '' ? [] : [['Application-Data', data] as const]), ['Application-Response', '_none_'], ['Application-UUID', id]]);
  }

  /** What came back over `unicast`. */
  get heard(): readonly Buffer[] { return this.unicast?.heard ?? []; }

  /** What the caller says, where the call's audio goes over `unicast`. */
  say(l16: Buffer): void { this.words.push(l16); }

  /** One digit by RFC 4733. */
  press(digit: string): void {
    if (this.channel.answered && !this.channel.hungUp) this.fire('DTMF', [['DTMF-Digit', digit], ['DTMF-Duration', '2000'], ['DTMF-Source', 'RTP']]);
  }

  async attachUnicast(options: UnicastOptions): Promise<void> {
    await this.unicast?.close();
    this.unicast = await Unicast.open(options, { speaks: () => this.sendsAudio, words: this.words }, (from, l16) => this.audioTap?.(from, l16));
  }
}

type Application = (leg: Leg, data: string) => 'blocking' | void | Promise<'blocking' | void>;

const assign: Application = (leg, data) => {
  const equals = data.indexOf('=');
  if (equals > 0) leg.channel.set(data.slice(0, equals).replace(/^nolocal:/, ''), data.slice(equals + 1));
};

const APPLICATIONS: Record<string, Application> = {
  answer: (leg) => leg.answer(),
  pre_answer: (leg) => { leg.channel.answerState = 'early'; leg.fire('CHANNEL_PROGRESS_MEDIA'); },
  ring_ready: (leg) => leg.ringing(),
  respond: (leg, data) => {
    const [, status = '', phrase] = /^(\d{3})\s*(.*)$/.exec(data) ?? [];
    leg.respond(Number(status), phrase === undefined || phrase === '' ? PHRASES[Number(status)] ?? '' : phrase);
  },
  deflect: (leg, data) => deflect(leg, data),
  record_session: (leg, data) => recordSession(leg, data),
  hangup: (leg, data) => leg.hangup(data === '' ? 'NORMAL_CLEARING' : data),
  park: () => undefined,
  echo: (leg) => { leg.echo(); return 'blocking'; },
  playback: () => undefined,
  gentones: () => new Promise((resolve) => { setTimeout(resolve, 1_000); }),
  sleep: (_leg, data) => new Promise((resolve) => { setTimeout(resolve, Number(data) || 0); }),
  set: assign,
  export: assign,
  send_dtmf: (leg, data) => { leg.digitsHeard += data; },
  multiset: (leg, data) => { for (const part of data.split(/\s+/)) void assign(leg, part); },
  unset: (leg, data) => leg.channel.set(data, undefined),
  ...Object.fromEntries(['log', 'info'].map((name) => [name, () => undefined])),
};
