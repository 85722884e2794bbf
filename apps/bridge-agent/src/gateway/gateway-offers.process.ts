import type { ObservedMap } from './observed.js';
import type { DesiredGateway } from './reconcile.js';

/**
 * FreeSWITCH announces an added gateway within milliseconds of its reply; one that is not announced after this time was
 * refused.
 */
export const APPEAR_MS = 1_000;

/** Gateways that a rescan offered to FreeSWITCH and that it has not announced yet. */
export class Offers {
  readonly offeredAt = new Map<string, number>();
  readonly refused = new Set<string>();

  constructor(private readonly observed: ObservedMap) {}

  add(names: readonly string[]): void {
    for (const name of names) this.offeredAt.set(name, Date.now());
  }

  anyOverdue(): boolean {
    return [...this.offeredAt.keys()].some((name) => !this.refused.has(name) && this.isOverdue(name));
  }

  /** FreeSWITCH does not report a gateway that it skips: it is simply missing in the list after the rescan. */
  findRefused(desired: ReadonlyMap<string, DesiredGateway>, listed: boolean): void {
    if (this.offeredAt.size === 0) return;
    const names = new Set([...desired.values()].map(({ name }) => name));
    for (const name of this.offeredAt.keys()) {
      if (this.observed.has(name) || !names.has(name)) {
        this.offeredAt.delete(name);
        this.refused.delete(name);
      } else if (listed && this.isOverdue(name)) this.refused.add(name);
    }
  }

  private isOverdue(name: string): boolean {
    return !this.observed.has(name) && Date.now() - (this.offeredAt.get(name) ?? Infinity) >= APPEAR_MS;
  }
}
