import type { DifferenceCause } from '@trunkmesh/contracts/carrier-bill.js';

/** Our side of a call that both have. */
export interface OurLength {
  answered: boolean;
  /** From the answer to the end, milliseconds. */
  billable_ms: number;
  /** From the start to the end, rounded up. */
  whole_seconds: number;
}

/** First seconds, then steps; what carriers use, the commonest first. */
export const INCREMENTS = ['60/60', '30/6', '6/6', '30/30', '60/1', '60/6', '30/1', '10/10', '15/15', '20/20'] as const;

const SECOND_MS = 1000;

/** Undefined: the lengths agree. Null: they differ, and no usual cause explains it. */
export function probableCause(ours: OurLength, theirSeconds: number): DifferenceCause | null | undefined {
  if (theirSeconds === Math.ceil(ours.billable_ms / SECOND_MS)) return undefined;
  if (!ours.answered) return 'unanswered-billed';
  if (Math.abs(theirSeconds * SECOND_MS - ours.billable_ms) <= SECOND_MS) return 'rounding';
  if (fittingIncrements(ours, theirSeconds).length > 0) return 'other-increment';
  return Math.abs(theirSeconds - ours.whole_seconds) <= 1 ? 'ringing-billed' : null;
}

/** The increments by which our length becomes theirs. */
export function fittingIncrements({ billable_ms }: OurLength, theirSeconds: number): string[] {
  const lengths = [Math.ceil(billable_ms / SECOND_MS), Math.floor(billable_ms / SECOND_MS)];
  return INCREMENTS.filter((increments) => {
    const [first, step] = increments.split('/').map(Number) as [number, number];
    return lengths.some((length) => rounded(length, first, step) === theirSeconds);
  });
}

const rounded = (seconds: number, first: number, step: number) =>
  seconds <= first ? first : first + Math.ceil((seconds - first) / step) * step;
