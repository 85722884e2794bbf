import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type { AttemptFailure } from '@trunkmesh/contracts/call-parts.js';
import type { TrunkTestRequest } from '@trunkmesh/contracts/trunk-test.js';
import { neverUp, type HangupFacts } from '../live/hangup-facts.js';
import { endReasonOfFailure, failureOf } from '../outbound/attempt-outcome.js';
import type { CallEnd } from './call-finding.js';

/** `password`: undefined where the trunk has one that cannot be opened. */
export type TestedTrunk = Omit<TrunkTestRequest, 'password'> & {
  password: string | null | undefined;
};

/** What became of the call of a test. */
export interface TestedCall {
  end: CallEnd;
  /** The last SIP status of the far side; null: none. */
  status: number | null;
  ringing: boolean;
  endedAt: Date;
}

/** A call whose test is over. */
export interface PlacedCall {
  tested: TestedCall;
  /** The same, once the carrier has said how the call ended, or says no more. Never rejects. */
  settled: Promise<TestedCall>;
  /** How long that may take, milliseconds. */
  settlesWithinMs: number;
}

/** Why nobody answered, as of any attempt. */
export function failureOfTest({ end, ringing }: Pick<TestedCall, 'end' | 'ringing'>): AttemptFailure {
  switch (end.end) {
    case 'refused':
      return failureOf({ cause: 'NORMAL_UNSPECIFIED', hangup: undefined, failureStatus: end.status, ringing });
    case 'challenge-unknown':
    case 'realm':
    case 'no-credentials':
      return 'carrier-refused';
    case 'ringing':
      return 'no-answer';
    case 'silent':
    case 'answered':
    case 'no-audio':
      return 'no-response';
  }
}

/** An answered test is over by its own clock, unless the far side ends it. */
export const endReasonOfTest = (tested: TestedCall, answeredAt: Date | null): CallEndReason =>
  answeredAt === null
    ? endReasonOfFailure(failureOfTest(tested))
    : tested.end.end === 'no-audio'
      ? 'audio-failed'
      : 'max-duration-reached';

const isByFarSide = (end: CallEnd): boolean => end.end === 'answered' && end.hungUpBy === 'far-side';

/** As FreeSWITCH would report it: the call has no channel there. */
export function hangupOfTest(
  { end, status, endedAt }: TestedCall,
  { answeredAt, codec }: { answeredAt: Date | null; codec: string | null },
): HangupFacts {
  if (answeredAt === null)
    return {
      ...neverUp(end.end === 'ringing' || end.end === 'silent' ? 'NO_ANSWER' : 'NORMAL_UNSPECIFIED', endedAt),
      sip_status: end.end === 'refused' ? status : null,
    };
  return {
    ...neverUp('NORMAL_CLEARING', endedAt < answeredAt ? answeredAt : endedAt),
    answeredAt,
    codec,
    sip_status: 200,
    hangup_disposition: isByFarSide(end) ? 'recv_bye' : 'send_bye',
  };
}
