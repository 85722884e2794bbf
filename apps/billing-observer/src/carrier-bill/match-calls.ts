/** A call as either side has it: when, in whole seconds since 1970, and how long. */
export interface TimedCall {
  second: number;
  seconds: number;
}

export interface Matching<Ours, Theirs> {
  pairs: [Ours, Theirs][];
  ours: Ours[];
  theirs: Theirs[];
}

/** What the table of one cluster may hold; beyond it the calls are paired in the order of their times. */
const MOST_CELLS = 250_000;
/** More than two calls of a pair can be apart in length, so that the time decides first. */
const LENGTH_WEIGHT = 1_000_000;

/**
 * Pairs calls between the same two numbers, one to one, never further apart than `tolerance` seconds. Calls that agree
 * in second and length are paired first. Of the others as many as possible are paired, and among the ways to do so the
 * one with the smallest sum of time differences counts, then of differences in length: the order of the rows decides
 * nothing. Pairs that cross in time are never better than the same pairs uncrossed (the distance is convex), so a table
 * over both sides in the order of time finds the best.
 */
export function matchCalls<Ours extends TimedCall, Theirs extends TimedCall>(
  ours: readonly Ours[],
  theirs: readonly Theirs[],
  tolerance: number,
): Matching<Ours, Theirs> {
  const exact = exactPairs([...ours].sort(byTime), [...theirs].sort(byTime));
  const found: Matching<Ours, Theirs> = { pairs: exact.pairs, ours: [], theirs: [] };
  for (const cluster of clusters(exact.ours, exact.theirs, tolerance)) {
    const cells = (cluster.ours.length + 1) * (cluster.theirs.length + 1);
    const matched = cells <= MOST_CELLS ? bestPairs(cluster, tolerance) : pairsInOrder(cluster, tolerance);
    found.pairs.push(...matched.pairs);
    found.ours.push(...matched.ours);
    found.theirs.push(...matched.theirs);
  }
  return found;
}

const byTime = (a: TimedCall, b: TimedCall) => a.second - b.second || a.seconds - b.seconds;
const apart = (a: TimedCall, b: TimedCall) => Math.abs(a.second - b.second);

interface Sides<Ours, Theirs> {
  ours: Ours[];
  theirs: Theirs[];
}

/** Both are sorted: equal ones meet. */
function exactPairs<Ours extends TimedCall, Theirs extends TimedCall>(
  ours: readonly Ours[],
  theirs: readonly Theirs[],
): Matching<Ours, Theirs> {
  const found: Matching<Ours, Theirs> = { pairs: [], ours: [], theirs: [] };
  let i = 0;
  let j = 0;
  while (i < ours.length && j < theirs.length) {
    const order = byTime(ours[i]!, theirs[j]!);
    if (order === 0) found.pairs.push([ours[i++]!, theirs[j++]!]);
    else if (order < 0) found.ours.push(ours[i++]!);
    else found.theirs.push(theirs[j++]!);
  }
  found.ours.push(...ours.slice(i));
  found.theirs.push(...theirs.slice(j));
  return found;
}

/** Runs of calls with no gap above the tolerance: no pair crosses such a gap. */
function* clusters<Ours extends TimedCall, Theirs extends TimedCall>(
  ours: readonly Ours[],
  theirs: readonly Theirs[],
  tolerance: number,
): Generator<Sides<Ours, Theirs>> {
  let cluster: Sides<Ours, Theirs> = { ours: [], theirs: [] };
  let last = -Infinity;
  let i = 0;
  let j = 0;
  while (i < ours.length || j < theirs.length) {
    const isOurs = j >= theirs.length || (i < ours.length && ours[i]!.second <= theirs[j]!.second);
    const { second } = isOurs ? ours[i]! : theirs[j]!;
    if (second - last > tolerance && last !== -Infinity) {
      yield cluster;
      cluster = { ours: [], theirs: [] };
    }
    last = second;
    if (isOurs) cluster.ours.push(ours[i++]!);
    else cluster.theirs.push(theirs[j++]!);
  }
  yield cluster;
}

/**
 * As many pairs as possible, then the cheapest. `best[i, j]` is what the calls from `i` and `j` on are worth: each pair
 * a fixed worth above what all costs together can be, less its cost. Sums stay far below 2^53: a side of a cluster has
 * at most 125,000 calls only where the other has one.
 */
function bestPairs<Ours extends TimedCall, Theirs extends TimedCall>(
  { ours, theirs }: Sides<Ours, Theirs>,
  tolerance: number,
): Matching<Ours, Theirs> {
  const width = theirs.length + 1;
  const worth = (Math.min(ours.length, theirs.length) + 1) * (tolerance + 1) * LENGTH_WEIGHT;
  const best = new Float64Array((ours.length + 1) * width);
  const paired = (i: number, j: number): number => {
    const distance = apart(ours[i]!, theirs[j]!);
    if (distance > tolerance) return -1;
    const length = Math.min(Math.abs(ours[i]!.seconds - theirs[j]!.seconds), LENGTH_WEIGHT - 1);
    return worth - distance * LENGTH_WEIGHT - length + best[(i + 1) * width + j + 1]!;
  };
  for (let i = ours.length - 1; i >= 0; i -= 1)
    for (let j = theirs.length - 1; j >= 0; j -= 1)
      best[i * width + j] = Math.max(best[(i + 1) * width + j]!, best[i * width + j + 1]!, paired(i, j));
  const found: Matching<Ours, Theirs> = { pairs: [], ours: [], theirs: [] };
  let i = 0;
  let j = 0;
  while (i < ours.length && j < theirs.length) {
    const value = best[i * width + j]!;
    if (value === paired(i, j)) found.pairs.push([ours[i++]!, theirs[j++]!]);
    else if (value === best[(i + 1) * width + j]!) found.ours.push(ours[i++]!);
    else found.theirs.push(theirs[j++]!);
  }
  found.ours.push(...ours.slice(i));
  found.theirs.push(...theirs.slice(j));
  return found;
}

/** As many pairs as possible, the earliest with the earliest. */
function pairsInOrder<Ours extends TimedCall, Theirs extends TimedCall>(
  { ours, theirs }: Sides<Ours, Theirs>,
  tolerance: number,
): Matching<Ours, Theirs> {
  const found: Matching<Ours, Theirs> = { pairs: [], ours: [], theirs: [] };
  let i = 0;
  let j = 0;
  while (i < ours.length && j < theirs.length) {
    if (apart(ours[i]!, theirs[j]!) <= tolerance) found.pairs.push([ours[i++]!, theirs[j++]!]);
    else if (ours[i]!.second < theirs[j]!.second) found.ours.push(ours[i++]!);
    else found.theirs.push(theirs[j++]!);
  }
  found.ours.push(...ours.slice(i));
  found.theirs.push(...theirs.slice(j));
  return found;
}
