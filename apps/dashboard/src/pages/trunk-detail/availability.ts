import type { components } from '../../generated/api.js';

type Day = components['schemas']['Registrations']['availability'][number];

/** Parts of a day's bar in percent of the day so far; what is left is unknown. */
export interface DayBar {
  date: string;
  up: number;
  down: number;
  text: string;
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : Math.round((part / whole) * 1000) / 10);

/** Whole percents would call a minute's outage of a day none. */
export function dayBar({ date, up_seconds, down_seconds, unknown_seconds, availability }: Day): DayBar {
  const whole = up_seconds + down_seconds + unknown_seconds;
  const text =
    availability === null ? 'nothing is known' : `${(Math.floor(availability * 10_000) / 100).toFixed(2)} % available`;
  return { date, up: share(up_seconds, whole), down: share(down_seconds, whole), text };
}
