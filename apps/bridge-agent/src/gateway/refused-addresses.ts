import type { RefusedAddress } from '@trunkmesh/contracts/bridge.js';

export const REFUSED_KEPT = 100;

/**
 * Addresses that the access list refused, newest last. A flood from forged sources can displace others but not grow the
 * list.
 */
export type RefusedAddresses = Map<string, RefusedAddress>;

export function noteRefused(refused: RefusedAddresses, address: string, now: string): void {
  const known = refused.get(address);
  // Deleted first: a Map keeps the order of insertion, and the newest shall be the last.
  refused.delete(address);
  refused.set(address, { address, count: (known?.count ?? 0) + 1, first_at: known?.first_at ?? now, last_at: now });
  if (refused.size > REFUSED_KEPT) refused.delete(refused.keys().next().value!);
}

/** Newest first, as the heartbeat carries them. */
export const refusedList = (refused: RefusedAddresses): RefusedAddress[] => [...refused.values()].reverse();
