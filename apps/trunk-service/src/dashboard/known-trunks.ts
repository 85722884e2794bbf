import type { JudgedTrunk } from '../status/trunk-verdict.js';

/** As the table `trunks` has it. */
export interface TrunkVersion {
  id: string;
  version: number;
}
export interface KnownTrunk {
  version: number;
  trunk: JudgedTrunk;
}

const MAX_KNOWN = 5_000;

/**
 * What verdicts need of an organisation's trunks. Reading and checking thousands of states takes longer than judging
 * them, and most have not changed since the look before.
 */
export class KnownTrunks {
  private known = new Map<string, KnownTrunk>();

  /** In the order of `rows`. `read` gets the ids of those that are not known; one that it leaves out was deleted. */
  async of(
    rows: readonly TrunkVersion[],
    read: (ids: string[]) => Promise<readonly KnownTrunk[]>,
  ): Promise<JudgedTrunk[]> {
    const found = new Map<string, JudgedTrunk>();
    const missing: string[] = [];
    for (const { id, version } of rows) {
      const known = this.known.get(id);
      if (known?.version === version) found.set(id, known.trunk);
      else missing.push(id);
    }
    for (const known of missing.length === 0 ? [] : await read(missing)) {
      if (this.known.size >= MAX_KNOWN) this.known.clear();
      this.known.set(known.trunk.id, known);
      found.set(known.trunk.id, known.trunk);
    }
    return rows.map(({ id }) => found.get(id)).filter((trunk) => trunk !== undefined);
  }
}
