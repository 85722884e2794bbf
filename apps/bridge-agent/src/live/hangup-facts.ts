import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { EslHeaders } from '../esl/esl-frame.js';
import type { QualityReading } from './quality-course.js';
import { dateOf, switchTimes, type SwitchTimes } from './switch-times.js';

/** How a call ended, from CHANNEL_HANGUP_COMPLETE. */
export type HangupFacts = Pick<
  CallEnded['data'],
  'hangup_cause' | 'q850' | 'sip_status' | 'hangup_disposition' | 'codec' | 'quality' | 'reconstructed'
> & {
  answeredAt: Date | null;
  endedAt: Date;
  /** FreeSWITCH's own; undefined where it did not tell of the end. */
  switchTimes?: SwitchTimes;
  /** What FreeSWITCH received of the other party in all; undefined where it did not say. */
  rtp?: QualityReading['rtp'];
  /** The transfer target's status from a NOTIFY. */
  transferStatus: number | null;
};

/** `headers`: the event's, decoded. `now` is used if the event has no end time. */
export function readHangup(headers: EslHeaders, now: Date): HangupFacts {
  const text = (name: string) => headers.get(`variable_${name}`)?.slice(0, 128) || null;
  const times = switchTimes(headers);
  return {
    answeredAt: dateOf(times.answered) ?? null,
    endedAt: dateOf(times.ended) ?? now,
    ...(times.ended === undefined ? {} : { switchTimes: times }),
    hangup_cause: text('hangup_cause') ?? headers.get('Hangup-Cause')?.slice(0, 128) ?? 'UNKNOWN',
    q850: whole(text('hangup_cause_q850')),
    sip_status: sipStatus(text('sip_term_status'), text('proto_specific_hangup_cause')),
    hangup_disposition: text('sip_hangup_disposition'),
    codec: text('read_codec'),
    quality: qualityOf(text),
    rtp: rtpOf(text),
    reconstructed: false,
    transferStatus: whole(text('sip_refer_target_status_code')),
  };
}

/** A call whose end was not observed: it lasted at least until `lastSeen`. */
export const lostCall = (lastSeen: Date, answeredAt: Date | null, codec: string | null): HangupFacts => ({
  answeredAt,
  endedAt: lastSeen,
  hangup_cause: 'UNKNOWN',
  q850: null,
  sip_status: null,
  hangup_disposition: null,
  codec,
  quality: null,
  reconstructed: true,
  transferStatus: null,
});

/** An outbound call that no channel of FreeSWITCH was left of, or that never had one. */
export const neverUp = (cause: string, endedAt: Date): HangupFacts => ({
  ...lostCall(endedAt, null, null),
  hangup_cause: cause,
  reconstructed: false,
});

const whole = (text: string | null): number | null => (text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null);
const decimal = (text: string | null): number | null =>
  text !== null && /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : null;

/** A call without a response of its own (a CANCEL) has its status in `sip:487`. */
function sipStatus(term: string | null, specific: string | null): number | null {
  return whole(term) ?? whole(/^sip:(\d{3})$/.exec(specific ?? '')?.[1] ?? null);
}

/** FreeSWITCH's jitter is the mean square of the deviation, in square milliseconds. */
const deviation = (variance: number | null): number | null =>
  variance === null ? null : Math.round(Math.sqrt(variance) * 100) / 100;

function rtpOf(text: (name: string) => string | null): QualityReading['rtp'] {
  const packetsIn = whole(text('rtp_audio_in_media_packet_count'));
  return packetsIn === null ? undefined : { packetsIn, flaws: whole(text('rtp_audio_in_flaw_total')) ?? 0 };
}

function qualityOf(text: (name: string) => string | null): HangupFacts['quality'] {
  const packetsIn = whole(text('rtp_audio_in_packet_count'));
  const packetsOut = whole(text('rtp_audio_out_packet_count'));
  if (packetsIn === null && packetsOut === null) return null;
  // For a call without audio FreeSWITCH reports 4.50 and 100 %.
  const figure = (name: string) => (packetsIn === 0 ? null : decimal(text(`rtp_audio_in_${name}`)));
  return {
    mos: figure('mos'),
    quality_percentage: figure('quality_percentage'),
    jitter_min_ms: deviation(figure('jitter_min_variance')),
    jitter_max_ms: deviation(figure('jitter_max_variance')),
    packets_in: packetsIn,
    packets_out: packetsOut,
  };
}
