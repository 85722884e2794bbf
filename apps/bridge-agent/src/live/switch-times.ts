import type { CallMicroseconds } from '@trunkmesh/contracts/call-times.js';
import type { EslHeaders } from '../esl/esl-frame.js';

/** When FreeSWITCH had a call, in microseconds since the epoch. Undefined: not yet, or not said. */
export interface SwitchTimes {
  started: number | undefined;
  answered: number | undefined;
  ended: number | undefined;
}

/** Of CHANNEL_HANGUP_COMPLETE, decoded. */
export const switchTimes = (headers: EslHeaders): SwitchTimes => ({
  started: microseconds(headers.get('Caller-Channel-Created-Time')),
  answered:
    microseconds(headers.get('variable_answer_uepoch')) ?? microseconds(headers.get('Caller-Channel-Answered-Time')),
  ended: microseconds(headers.get('variable_end_uepoch')) ?? microseconds(headers.get('Caller-Channel-Hangup-Time')),
});

/** FreeSWITCH's times: microseconds since the epoch, 0 for "not yet". */
function microseconds(value: string | undefined): number | undefined {
  const number = Number(value);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** Cut and not rounded, so that the microseconds that are left can be given beside it. */
export const dateOf = (time: number | undefined): Date | undefined =>
  time === undefined ? undefined : new Date(Math.floor(time / 1000));

export const epochMicroseconds = (value: string | undefined): Date | undefined => dateOf(microseconds(value));

/**
 * What follows the milliseconds of a call's times. 0 for a time that is not FreeSWITCH's: an outbound call begins when
 * it is asked for, before FreeSWITCH has it.
 */
export function microsecondsAfter(
  { startedAt, answeredAt, endedAt }: { startedAt: Date; answeredAt: Date | null; endedAt: Date },
  { started, answered, ended }: SwitchTimes,
): CallMicroseconds {
  return {
    started_at: rest(startedAt, started),
    answered_at: answeredAt === null ? null : rest(answeredAt, answered),
    ended_at: rest(endedAt, ended),
  };
}

const rest = (at: Date, time: number | undefined): number =>
  time !== undefined && dateOf(time)!.getTime() === at.getTime() ? time % 1000 : 0;

/** From the answer to the end in milliseconds; one that has begun counts whole, as seconds do. */
export function billableMs(
  { answeredAt, endedAt }: { answeredAt: Date | null; endedAt: Date },
  after: CallMicroseconds | undefined,
): number {
  if (answeredAt === null) return 0;
  const begun = (after?.ended_at ?? 0) > (after?.answered_at ?? 0) ? 1 : 0;
  return Math.max(0, endedAt.getTime() - answeredAt.getTime() + begun);
}
