import { scoreMeasure, verdictOf } from '../call-detail/quality-measures.js';

/** The audio of today's calls, from those that were looked at. */
export interface QualityToday {
  value: string;
  /** What it means, its scale, and of how many calls it is. */
  note: string;
}

const WORDS = { good: 'good', fair: 'fair: some callers hear it', bad: 'bad: callers complain' } as const;
const SCALE = 'Median score (MOS) from 1.0 to 4.5; from 4.0 on good, below 3.6 bad.';

/** `scores`: of each call that was looked at; null where it was not measured. */
export function qualityToday(scores: readonly (number | null)[]): QualityToday {
  const measured = scores.filter((score) => score !== null).sort((a, b) => a - b);
  if (measured.length === 0) return { value: '–', note: 'No call was measured today.' };
  const median = measured[Math.floor((measured.length - 1) / 2)]!;
  const latest = measured.length === 1 ? 'the one measured call' : `the latest ${measured.length} measured calls`;
  return {
    value: median.toFixed(1),
    note: `${SCALE} ${capital(WORDS[verdictOf(scoreMeasure(median))])}, by ${latest} of today.`,
  };
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
