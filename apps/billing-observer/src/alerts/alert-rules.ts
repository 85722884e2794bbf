/**
 * When usage is unusual. Every rule compares an organisation with itself, and needs a minimum of calls or minutes, so
 * that a small customer does not get noise.
 */

export interface Unusual {
  expected: number;
  threshold: number;
}

/** Of a sum in whole units, seconds or micro-units: money is never floating point. */
export interface UnusualSum {
  expected: bigint;
  threshold: bigint;
}

/** An hour is compared with at least this many comparable hours. */
const HOURS_NEEDED = 3;
const TIMES_USUAL = 3n;
/**
 * Six deviations, robust: one strange week in the baseline does not move the median, and hardly its deviation. 1.4826
 * brings the median absolute deviation to the standard deviation of a normal distribution. In ten-thousandths.
 */
const DEVIATIONS = 6n * 14_826n;

/**
 * An hour's sum against comparable hours (the same hour of the week and its neighbours). Unusual: above the minimum,
 * three times the median, and six robust deviations.
 */
export function unusualSum(observed: bigint, baseline: readonly bigint[], minimum: bigint): UnusualSum | undefined {
  if (baseline.length < HOURS_NEEDED) return undefined;
  const expected = median(baseline);
  const deviation = median(baseline.map((value) => (value < expected ? expected - value : value - expected)));
  const bounds = [minimum, TIMES_USUAL * expected, expected + (DEVIATIONS * deviation) / 10_000n];
  const threshold = bounds.reduce((most, bound) => (bound > most ? bound : most));
  return observed > threshold ? { expected, threshold } : undefined;
}

export interface CallCounts {
  calls: number;
  answered: number;
  seconds: number;
}

const RECENT_CALLS = 20;
const BASELINE_CALLS = 200;
const COLLAPSED = 0.5;
/** Chance alone goes so far below the usual rate in one of 30,000 samples. */
const SIGMAS = 4;

/** ASR: less than half of what is usual, and by more than chance. */
export function collapsedAnswerRate(recent: CallCounts, baseline: CallCounts): Unusual | undefined {
  if (recent.calls < RECENT_CALLS || baseline.calls < BASELINE_CALLS) return undefined;
  const expected = baseline.answered / baseline.calls;
  const chance = (SIGMAS * Math.sqrt(recent.calls * expected * (1 - expected))) / recent.calls;
  const threshold = Math.min(COLLAPSED * expected, expected - chance);
  return recent.answered / recent.calls < threshold ? { expected, threshold } : undefined;
}

const COLLAPSED_DURATION = 0.35;

/**
 * ACD: calls are answered and end at once, as with dead audio or false answers. Durations vary more than rates, so the
 * bound is lower.
 */
export function collapsedDuration(recent: CallCounts, baseline: CallCounts): Unusual | undefined {
  if (recent.answered < RECENT_CALLS || baseline.answered < BASELINE_CALLS) return undefined;
  const expected = baseline.seconds / baseline.answered;
  const threshold = COLLAPSED_DURATION * expected;
  return recent.seconds / recent.answered < threshold ? { expected, threshold } : undefined;
}

/** Of an even number of values the mean of the two in the middle, rounded down to a whole unit. */
export function median(values: readonly bigint[]): bigint {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0n;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0n) + upper) / 2n;
}

export const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
const WEEKS = 4;

/**
 * The hours that an hour is compared with: the same hour of the week, and the ones beside it, of the last four weeks.
 * Those before the organisation's first call say nothing and are left out; later ones without calls count as 0.
 */
export function comparableHours(hour: number, firstHour: number): number[] {
  const hours: number[] = [];
  for (let week = 1; week <= WEEKS; week += 1)
    for (const beside of [-1, 0, 1]) hours.push(hour + (beside - week * WEEK_HOURS) * HOUR_MS);
  return hours.filter((each) => each >= firstHour);
}
