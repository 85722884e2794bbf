import { z } from 'zod';

const rest = z.number().int().min(0).max(999);

/**
 * What follows the milliseconds of a finished call's times: `09.931Z` and 7 are `09.931007Z`. Beside them, because
 * readers of older versions take times with milliseconds alone.
 */
export const callMicroseconds = z
  .object({
    started_at: rest.describe('Microseconds (0 to 999) after the milliseconds of `started_at`.'),
    answered_at: rest
      .nullable()
      .describe('Microseconds (0 to 999) after the milliseconds of `answered_at`; null where it was not answered.'),
    ended_at: rest.describe('Microseconds (0 to 999) after the milliseconds of `ended_at`.'),
  })
  .describe('What follows the milliseconds of these times. Absent: not known, or the record of an older agent.');
export type CallMicroseconds = z.infer<typeof callMicroseconds>;

interface CallTimes {
  started_at: string;
  answered_at: string | null;
  ended_at: string;
}

/** RFC 3339 in UTC, with six digits; the last three are 0 where they are not known. */
export function preciseTimes(data: CallTimes & { microseconds?: CallMicroseconds | undefined }): CallTimes {
  const { started_at, answered_at, ended_at, microseconds } = data;
  return {
    started_at: precise(started_at, microseconds?.started_at),
    answered_at: answered_at === null ? null : precise(answered_at, microseconds?.answered_at),
    ended_at: precise(ended_at, microseconds?.ended_at),
  };
}

const precise = (time: string, after: number | null = 0): string =>
  time.replace('Z', `${String(after ?? 0).padStart(3, '0')}Z`);
