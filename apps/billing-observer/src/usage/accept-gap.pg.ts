import type { UsageGap } from '@trunkmesh/contracts/usage-gap.js';
import type { DataSource } from 'typeorm';
import { listGaps } from './gaps.pg.js';

/** Records of a bridge that an operator takes for lost. */
export interface AcceptedRecords {
  bridge_id: string;
  /** Undefined: the only epoch in which they are missing. */
  bridge_epoch?: string | undefined;
  /** Both in it. */
  first: number;
  last: number;
  reason: string;
  accepted_by: string;
}

/**
 * Notes that these records will not come, with who says so and why, and returns the gap that they are of. The bridge
 * is still asked for them, and what comes nevertheless is recorded: a mistake costs nothing.
 *
 * @throws Error they are not missing, not all of them, or in several epochs; nothing is noted then
 */
export async function acceptGap(db: DataSource, accepted: AcceptedRecords): Promise<UsageGap> {
  const { bridge_id, bridge_epoch, first, last, reason, accepted_by } = accepted;
  return db.transaction(async (tx) => {
    // Two operators at once: the second one finds what the first has accepted.
    await tx.query('LOCK TABLE accepted_gaps IN SHARE ROW EXCLUSIVE MODE');
    const within = (await listGaps(tx)).filter(
      (gap) =>
        gap.bridge_id === bridge_id &&
        gap.acceptance === null &&
        (bridge_epoch === undefined || gap.bridge_epoch === bridge_epoch) &&
        gap.first <= first &&
        gap.last >= last,
    );
    const [gap, another] = within;
    const named = `records ${first} to ${last} of ${bridge_id}`;
    if (gap === undefined)
      throw new Error(`${named} are not a gap, or not all of them are; nothing was changed. See the command gaps`);
    if (another !== undefined)
      throw new Error(
        `${named} are missing in several epochs; nothing was changed. Add --epoch with one of ` +
          within.map((each) => each.bridge_epoch).join(', '),
      );
    await tx.query(
      `INSERT INTO accepted_gaps (bridge_id, bridge_epoch, first, last, reason, accepted_by)
      VALUES ($1, $2, $3, $4, $5, $6)`,
      [bridge_id, gap.bridge_epoch, first, last, reason, accepted_by],
    );
    return gap;
  });
}
