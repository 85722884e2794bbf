import type { TimedCall } from './match-calls.js';

/** A call with a key that calls between the same two numbers share. */
export interface KeyedCall extends TimedCall {
  key: string;
}

export interface CallGroup<Ours, Theirs> {
  ours: Ours[];
  theirs: Theirs[];
}

/** From so many calls on a group ends at the next gap that no pair can cross. */
const ENOUGH = 2_000;
/** Memory stays flat also where two numbers call each other without a pause. */
const MOST_CALLS = 20_000;

/**
 * Goes through both sides, each sorted by key and then by time, and yields the calls that can belong together: those
 * of one key, and of a busy one those between two gaps above the tolerance.
 */
export async function* callGroups<Ours extends KeyedCall, Theirs extends KeyedCall>(
  ours: AsyncIterator<Ours, unknown>,
  theirs: AsyncIterator<Theirs, unknown>,
  tolerance: number,
): AsyncGenerator<CallGroup<Ours, Theirs>> {
  let group: CallGroup<Ours, Theirs> = { ours: [], theirs: [] };
  let last: KeyedCall | undefined;
  let [left, right] = [await ours.next(), await theirs.next()];
  while (!left.done || !right.done) {
    const isOurs = right.done || (!left.done && comesFirst(left.value, right.value));
    const call = (isOurs ? left.value : right.value) as KeyedCall;
    if (last !== undefined && ends(group, { last, call, tolerance })) {
      yield group;
      group = { ours: [], theirs: [] };
    }
    last = call;
    if (isOurs) {
      group.ours.push(left.value as Ours);
      left = await ours.next();
    } else {
      group.theirs.push(right.value as Theirs);
      right = await theirs.next();
    }
  }
  if (last !== undefined) yield group;
}

const comesFirst = (a: KeyedCall, b: KeyedCall) => a.key < b.key || (a.key === b.key && a.second <= b.second);

function ends(
  group: CallGroup<unknown, unknown>,
  { last, call, tolerance }: { last: KeyedCall; call: KeyedCall; tolerance: number },
): boolean {
  if (last.key !== call.key) return true;
  const size = group.ours.length + group.theirs.length;
  return size >= MOST_CALLS || (size >= ENOUGH && call.second - last.second > tolerance);
}
