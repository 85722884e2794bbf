import type { TrunkEntry } from './route-entries.js';

/**
 * Trunks by the four words of their id. A cold start meets each trunk's id in as many events as the trunk has numbers,
 * and its text would have to be put together, hashed and compared each time. Direct-mapped: a slot holds the last that
 * fell into it.
 */
export interface TrunkCache {
  readonly words: Uint32Array;
  readonly trunks: (TrunkEntry | undefined)[];
}

const SLOT_BITS = 14;

export function createTrunkCache(): TrunkCache {
  return {
    words: new Uint32Array(4 << SLOT_BITS),
    trunks: new Array<TrunkEntry | undefined>(1 << SLOT_BITS).fill(undefined),
  };
}

/** Integer hashing that every bit of the id reaches; ids that were made in the same moment differ in the last words. */
const slotOf = (id: Uint32Array): number =>
  (Math.imul(id[0]! ^ id[2]!, 0x9e3779b1) ^ Math.imul(id[1]! ^ id[3]!, 0x85ebca6b)) >>> (32 - SLOT_BITS);

/**
 * An entry that has lost its state is not a trunk any more, and one that comes again under the id may be another
 * entry.
 */
export function cachedTrunk({ words, trunks }: TrunkCache, id: Uint32Array): TrunkEntry | undefined {
  const slot = slotOf(id);
  const at = slot * 4;
  const known = trunks[slot];
  if (known === undefined || known.state === null) return undefined;
  return words[at] === id[0] && words[at + 1] === id[1] && words[at + 2] === id[2] && words[at + 3] === id[3]
    ? known
    : undefined;
}

export function cacheTrunk({ words, trunks }: TrunkCache, id: Uint32Array, trunk: TrunkEntry): void {
  const slot = slotOf(id);
  words.set(id, slot * 4);
  trunks[slot] = trunk;
}
