/** How many sampled rows of the file have a call of ours with the same numbers, so many half hours earlier. */
export interface ShiftVote {
  half_hours: number;
  rows: number;
}

export const HALF_HOUR = 1_800;
/** With a larger tolerance the half hours run into each other. */
export const MOST_TOLERANCE = 600;
const FEWEST_ROWS = 3;
/** Of the rows that have any call of ours near. */
const NEARLY_ALL = 0.9;

/**
 * How much later all times of the file are than ours, in seconds; 0: they agree, or it is not certain. `sampled`: rows
 * that have any call with the same numbers within the time looked at.
 */
export function timeShift(votes: readonly ShiftVote[], sampled: number): number {
  const here = votes.find(({ half_hours }) => half_hours === 0)?.rows ?? 0;
  const best = [...votes].sort((a, b) => b.rows - a.rows || Math.abs(a.half_hours) - Math.abs(b.half_hours))[0];
  if (best === undefined || best.half_hours === 0 || best.rows < FEWEST_ROWS) return 0;
  return best.rows >= NEARLY_ALL * sampled && here * 2 <= best.rows ? best.half_hours * HALF_HOUR : 0;
}

/** `1 hour`, `5.5 hours`. */
export const hoursText = (seconds: number): string => {
  const hours = Math.abs(seconds) / 3_600;
  return hours === 1 ? '1 hour' : `${hours} hours`;
};
