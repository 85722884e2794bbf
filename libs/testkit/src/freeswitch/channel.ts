import { q850Of } from './carrier.js';
import type { Headers } from './wire.js';

/** A call leg as its events show it. Pure: times (microseconds) come in. */
export interface ChannelStart {
  uuid: string;
  direction: 'inbound' | 'outbound';
  name: string;
  /** The caller profile's first lines, which differ between the directions, in their order. */
  profile: Headers;
  networkAddress?: string;
  destination: string;
  context: string;
  now: number;
  hitDialplan: boolean;
  /** The caller sent `Privacy: id`. */
  hidden?: boolean;
}

const codecHeaders = (name: string): Headers =>
  ['Read', 'Write'].flatMap((way): Headers => [
    [`Channel-${way}-Codec-Name`, name],
    [`Channel-${way}-Codec-Rate`, '8000'],
    [`Channel-${way}-Codec-Bit-Rate`, '64000'],
  ]);

export class Channel {
  state = 'CS_INIT';
  stateNumber = 2;
  callState = 'DOWN';
  answerState: 'ringing' | 'early' | 'answered' | 'hangup' = 'ringing';
  hangupCause: string | undefined;
  codec = false;
  codecName = 'PCMU';
  answeredAt = 0;
  progressAt = 0;
  hangupAt = 0;
  /** RTP packets of 20 ms each way. */
  packetsIn = 0;
  packetsOut = 0;
  /** Packets of the caller that got lost, as FreeSWITCH counts them. */
  flaws = 0;
  hitDialplan: boolean;
  readonly variables = new Map<string, string>();
  readonly uuid: string;
  readonly direction: 'inbound' | 'outbound';

  constructor(readonly start: ChannelStart) {
    this.uuid = start.uuid;
    this.direction = start.direction;
    this.hitDialplan = start.hitDialplan;
  }

  get answered(): boolean {
    return this.answeredAt > 0;
  }
  get hungUp(): boolean {
    return this.hangupCause !== undefined;
  }

  /** A variable that is set again moves to the end, as in FreeSWITCH. */
  set(name: string, value: string | undefined): void {
    this.variables.delete(name);
    if (value !== undefined && value !== '') this.variables.set(name, value);
  }

  enter(state: string, stateNumber: number, callState?: string): void {
    this.state = state;
    this.stateNumber = stateNumber;
    if (callState !== undefined) this.callState = callState;
  }

  /** The headers that every event of the channel has; variables only where FreeSWITCH sends them. */
  headers(options: { causeFirst?: boolean; variables?: boolean; data?: boolean } = {}): Headers {
    const { uuid, direction } = this;
    const cause: Headers = this.hangupCause === undefined ? [] : [['Hangup-Cause', this.hangupCause]];
    return [
      ...(options.data === true ? this.callerProfile('Channel') : []),
      ...(options.causeFirst === true ? cause : []),
      ['Channel-State', this.state],
      ['Channel-Call-State', this.callState],
      ['Channel-State-Number', String(this.stateNumber)],
      ['Channel-Name', this.start.name],
      ['Unique-ID', uuid],
      ['Call-Direction', direction],
      ['Presence-Call-Direction', direction],
      ['Channel-HIT-Dialplan', String(this.hitDialplan)],
      ['Channel-Call-UUID', uuid],
      ['Answer-State', this.answerState],
      ...cause,
      ...(this.codec ? codecHeaders(this.codecName) : []),
      ...this.callerProfile('Caller'),
      ...(options.variables === false
        ? []
        : [...this.variables].map(([name, value]) => [`variable_${name}`, value] as const)),
    ];
  }

  private callerProfile(prefix: string): Headers {
    const { start } = this;
    const lines: Headers = [
      ...start.profile,
      ['Unique-ID', start.uuid],
      ['Source', start.direction === 'inbound' ? 'mod_sofia' : 'src/switch_ivr_originate.c'],
      ['Context', start.context],
      ['Channel-Name', start.name],
      ['Profile-Index', '1'],
      ['Profile-Created-Time', String(start.now)],
      ['Channel-Created-Time', String(start.now)],
      ['Channel-Answered-Time', String(this.answeredAt)],
      ['Channel-Progress-Time', String(this.progressAt)],
      ['Channel-Progress-Media-Time', '0'],
      ['Channel-Hangup-Time', String(this.hangupAt)],
      ['Channel-Transfer-Time', '0'],
      ['Channel-Resurrect-Time', '0'],
      ['Channel-Bridged-Time', '0'],
      ['Channel-Last-Hold', '0'],
      ['Channel-Hold-Accum', '0'],
      ['Screen-Bit', 'true'],
      ['Privacy-Hide-Name', String(start.hidden === true)],
      ['Privacy-Hide-Number', String(start.hidden === true)],
    ];
    return lines.map(([name, value]) => [`${prefix}-${name}`, value] as const);
  }

  /** Sets the variables that only the last event carries. */
  report(now: number, stamp: (microseconds: number) => string): void {
    this.hangupAt ||= now;
    const { hangupAt, answeredAt, start } = this;
    const seconds = (microseconds: number) => String(Math.floor(microseconds / 1_000_000));
    const total = hangupAt - start.now;
    const billed = answeredAt === 0 ? 0 : hangupAt - answeredAt;
    const answerAfter = answeredAt === 0 ? 0 : answeredAt - start.now;
    const flow = answeredAt === 0 ? 0 : start.direction === 'inbound' ? total : billed;
    const values: Headers = [
      ['hangup_cause', this.hangupCause ?? 'NORMAL_CLEARING'],
      ['hangup_cause_q850', String(q850Of(this.hangupCause ?? ''))],
      ['digits_dialed', 'none'],
      ['start_stamp', stamp(start.now)],
      ['profile_start_stamp', stamp(start.now)],
      ...(answeredAt === 0 ? [] : [['answer_stamp', stamp(answeredAt)] as const]),
      ['end_stamp', stamp(hangupAt)],
      ['start_epoch', seconds(start.now)],
      ['start_uepoch', String(start.now)],
      ['profile_start_epoch', seconds(start.now)],
      ['profile_start_uepoch', String(start.now)],
      ['answer_epoch', seconds(answeredAt)],
      ['answer_uepoch', String(answeredAt)],
      ...['bridge', 'last_hold'].flatMap(
        (name) =>
          [
            [`${name}_epoch`, '0'],
            [`${name}_uepoch`, '0'],
          ] as const,
      ),
      ['hold_accum_seconds', '0'],
      ['hold_accum_usec', '0'],
      ['hold_accum_ms', '0'],
      ...['resurrect', 'progress', 'progress_media'].flatMap(
        (name) =>
          [
            [`${name}_epoch`, seconds(name === 'progress' ? this.progressAt : 0)],
            [`${name}_uepoch`, String(name === 'progress' ? this.progressAt : 0)],
          ] as const,
      ),
      ['end_epoch', seconds(hangupAt)],
      ['end_uepoch', String(hangupAt)],
      ...this.lastApplication(),
      ['caller_id', this.callerId()],
      ...(['', 'm', 'u'] as const).flatMap((unit) => durations(unit, { total, billed, answerAfter, flow })),
    ];
    for (const [name, value] of values) this.set(name, value);
  }

  private lastApplication(): Headers {
    const application = this.variables.get('current_application');
    const data = this.variables.get('current_application_data');
    return [
      ...(application === undefined ? [] : [['last_app', application] as const]),
      ...(data === undefined ? [] : [['last_arg', data] as const]),
    ];
  }

  private callerId(): string {
    const number = this.start.profile.find(([name]) => name === 'Caller-ID-Number')?.[1] ?? '';
    const name = this.start.profile.find(([key]) => key === 'Caller-ID-Name')?.[1];
    return name === undefined ? number : `"${name}" <${number}>`;
  }
}

function durations(
  unit: '' | 'm' | 'u',
  { total, billed, answerAfter, flow }: { total: number; billed: number; answerAfter: number; flow: number },
): Headers {
  const divisor = unit === '' ? 1_000_000 : unit === 'm' ? 1_000 : 1;
  const suffix = `${unit}sec`;
  const of = (microseconds: number) => String(Math.floor(microseconds / divisor));
  return [
    [`${unit}duration`, of(total)],
    [`bill${suffix}`, of(billed)],
    [`progress${suffix}`, '0'],
    [`answer${suffix}`, of(answerAfter)],
    [`wait${suffix}`, '0'],
    [`progress_media${suffix}`, '0'],
    [`flow_bill${suffix}`, of(flow)],
  ];
}

/** The RTP figures that an answered call's last event carries. */
export function audioFigures(channel: Pick<Channel, 'packetsIn' | 'packetsOut' | 'flaws'>): Headers {
  const counts = (prefix: string, packets: number): Headers => [
    [`${prefix}_raw_bytes`, String(packets * 172)],
    [`${prefix}_media_bytes`, String(packets * 172)],
    [`${prefix}_packet_count`, String(packets)],
    [`${prefix}_media_packet_count`, String(packets)],
  ];
  const none = (prefix: string, names: string[], value = '0'): Headers =>
    names.map((name) => [`${prefix}_${name}`, value] as const);
  const inbound = 'rtp_audio_in';
  return [
    ...counts(inbound, channel.packetsIn),
    ...none(inbound, [
      'skip_packet_count',
      'jitter_packet_count',
      'dtmf_packet_count',
      'cng_packet_count',
      'flush_packet_count',
      'largest_jb_size',
    ]),
    [`${inbound}_jitter_min_variance`, channel.packetsIn > 0 ? '0.09' : '0.00'],
    [`${inbound}_jitter_max_variance`, channel.packetsIn > 0 ? '34.05' : '0.00'],
    [`${inbound}_jitter_loss_rate`, '0.00'],
    [`${inbound}_jitter_burst_rate`, '0.00'],
    [`${inbound}_mean_interval`, channel.packetsIn > 0 ? '19.87' : '0.00'],
    [`${inbound}_flaw_total`, String(channel.flaws)],
    [`${inbound}_quality_percentage`, '100.00'],
    [`${inbound}_mos`, '4.50'],
    ...counts('rtp_audio_out', channel.packetsOut),
    ...none('rtp_audio_out', ['skip_packet_count', 'dtmf_packet_count', 'cng_packet_count']),
    ['rtp_audio_rtcp_packet_count', '0'],
    ['rtp_audio_rtcp_octet_count', '0'],
  ];
}
