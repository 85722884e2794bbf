import { canonicalAddress } from './canonical-address.js';

/**
 * Trunks by the addresses that their host names resolve to here, and that their recorded claims do not include yet.
 * Routing knows the recorded ones itself, and there may be thousands.
 */
export class ResolvedTrunks {
  private readonly byAddress = new Map<string, Set<string>>();
  private readonly addressesOf = new Map<string, readonly string[]>();

  set(trunkId: string, addresses: readonly string[]): void {
    for (const address of this.addressesOf.get(trunkId) ?? []) {
      const trunks = this.byAddress.get(address);
      trunks?.delete(trunkId);
      if (trunks?.size === 0) this.byAddress.delete(address);
    }
    if (addresses.length === 0) this.addressesOf.delete(trunkId);
    else this.addressesOf.set(trunkId, addresses);
    for (const address of addresses)
      this.byAddress.set(address, (this.byAddress.get(address) ?? new Set()).add(trunkId));
  }

  at(address: string): string[] {
    return [...(this.byAddress.get(canonicalAddress(address) ?? address) ?? [])].sort();
  }
}
