import type { DataSource, EntityManager } from 'typeorm';

/** Records of a bridge that have not come, though later ones have. */
export interface Gap {
  bridge_id: string;
  bridge_epoch: string;
  /** bigint as text, both in it. */
  first: string;
  last: string;
  /** The ends of the calls with the numbers beside it; null: there is none, or it was not recorded. */
  after: Date | null;
  before: Date | null;
  /** The bridge is asked for them again. False: its disk of that epoch was lost. */
  requested: boolean;
}

const GAPS = `
  SELECT gap.bridge_id, gap.bridge_epoch, gap.first::text, gap.last::text, below."time" AS after,
    above."time" AS before, gap.requested
  FROM (SELECT bridge_id, bridge_epoch, (span->>0)::bigint AS first, (span->>1)::bigint AS last,
      NOT EXISTS (SELECT FROM bridge_progress AS later WHERE later.bridge_id = progress.bridge_id AND
        (later.latest_time, later.bridge_epoch) > (progress.latest_time, progress.bridge_epoch)) AS requested
    FROM bridge_progress AS progress, jsonb_array_elements(missing) AS span WHERE missing <> '[]') AS gap
    LEFT JOIN calls AS below ON below.bridge_id = gap.bridge_id AND below.bridge_epoch = gap.bridge_epoch AND
      below.record_number = gap.first - 1
    LEFT JOIN calls AS above ON above.bridge_id = gap.bridge_id AND above.bridge_epoch = gap.bridge_epoch AND
      above.record_number = gap.last + 1`;

/** By bridge, epoch and number. */
export const listGaps = (db: DataSource | EntityManager): Promise<Gap[]> =>
  db.query(`SELECT * FROM (${GAPS}) AS gaps ORDER BY bridge_id, bridge_epoch, first::bigint`);

/**
 * Records are numbered as calls end, so those of a gap ended between its neighbours; each may have begun this much
 * earlier.
 */
const LONGEST_CALL = `interval '12 hours'`;
/** Of a gap at the beginning of an epoch, before its first record. */
const BEFORE_FIRST = `interval '1 day'`;

/** Instants, or wall clock times of a time zone. Undefined: not bounded. */
export interface GapRange {
  from: string | undefined;
  until: string | undefined;
  timeZone?: string;
}

/**
 * Whether records of calls that began in this range may be missing. Whose calls they are is not known before they come,
 * so it is asked of all organisations alike.
 */
export async function hasGap(db: DataSource | EntityManager, { from, until, timeZone }: GapRange): Promise<boolean> {
  const [row] = (await db.query(
    `SELECT EXISTS (SELECT FROM (${GAPS}) AS gap
      WHERE coalesce(gap.before >= $1::timestamp AT TIME ZONE $3, true)
        AND coalesce(coalesce(gap.after, gap.before - ${BEFORE_FIRST}) - ${LONGEST_CALL} <=
          $2::timestamp AT TIME ZONE $3, true)) AS found`,
    [from ?? null, until ?? null, timeZone ?? 'UTC'],
  )) as [{ found: boolean }];
  return row.found;
}
