/** `[from, to]`, both in it. */
export type Span = readonly [from: number, to: number];

/**
 * What has come of one bridge's records in one epoch. `missing` is ascending, disjoint, and below `highest`; so its
 * size is that of the gaps, never that of the history.
 */
export interface Numbering {
  highest: number;
  missing: readonly Span[];
}

export const NOTHING_RECEIVED: Numbering = { highest: 0, missing: [] };

export function receive(numbering: Numbering, number: number): Numbering {
  if (number > numbering.highest) {
    const skipped: Span[] = number > numbering.highest + 1 ? [[numbering.highest + 1, number - 1]] : [];
    return { highest: number, missing: [...numbering.missing, ...skipped] };
  }
  const at = numbering.missing.findIndex(([from, to]) => from <= number && number <= to);
  if (at === -1) return numbering;
  const [from, to] = numbering.missing[at]!;
  const rest: Span[] = [];
  if (from < number) rest.push([from, number - 1]);
  if (number < to) rest.push([number + 1, to]);
  return {
    highest: numbering.highest,
    missing: [...numbering.missing.slice(0, at), ...rest, ...numbering.missing.slice(at + 1)],
  };
}

/**
 * In ascending order a batch without gaps costs one step a number; the order of arrival would split and join spans on
 * the way.
 */
export const receiveAll = (numbering: Numbering, numbers: readonly number[]): Numbering =>
  [...numbers].sort((a, b) => a - b).reduce(receive, numbering);

/** Every number up to and including this one has come. */
export const confirmedThrough = ({ highest, missing }: Numbering): number =>
  missing.length === 0 ? highest : missing[0]![0] - 1;

export function lowestMissing({ missing }: Numbering, limit: number): number[] {
  const numbers: number[] = [];
  for (const [from, to] of missing) {
    for (let number = from; number <= to; number += 1) {
      if (numbers.length === limit) return numbers;
      numbers.push(number);
    }
  }
  return numbers;
}
