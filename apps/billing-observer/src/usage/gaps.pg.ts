import type { UsageGap } from '@trunkmesh/contracts/usage-gap.js';
import type { DataSource, EntityManager } from 'typeorm';

/** Calls beside a gap, also those that are no longer in the call log. */
const TIMES = `(SELECT bridge_id, bridge_epoch, record_number, "time" FROM calls
  UNION ALL SELECT * FROM times_beside_gaps)`;

/** `part`: what nobody has accepted of missing records, and what somebody has. */
const GAPS = `
  SELECT gap.bridge_id, gap.bridge_epoch, lower(part.records)::float8 AS first,
    (upper(part.records) - 1)::float8 AS last,
    below."time" AS after, above."time" AS before, gap.requested, part.records, part.accepted
  FROM (SELECT bridge_id, bridge_epoch, (span->>0)::bigint AS first, (span->>1)::bigint AS last,
      NOT EXISTS (SELECT FROM bridge_progress AS later WHERE later.bridge_id = progress.bridge_id AND
        (later.latest_time, later.bridge_epoch) > (progress.latest_time, progress.bridge_epoch)) AS requested
    FROM bridge_progress AS progress, jsonb_array_elements(missing) AS span WHERE missing <> '[]') AS gap
    LEFT JOIN ${TIMES} AS below ON below.bridge_id = gap.bridge_id AND below.bridge_epoch = gap.bridge_epoch AND
      below.record_number = gap.first - 1
    LEFT JOIN ${TIMES} AS above ON above.bridge_id = gap.bridge_id AND above.bridge_epoch = gap.bridge_epoch AND
      above.record_number = gap.last + 1
    CROSS JOIN LATERAL (SELECT int8multirange(int8range(gap.first, gap.last, '[]')) AS missing,
        coalesce(range_agg(int8range(accepted.first, accepted.last, '[]')), '{}') AS accepted
      FROM accepted_gaps AS accepted WHERE accepted.bridge_id = gap.bridge_id AND accepted.bridge_epoch =
        gap.bridge_epoch) AS given
    CROSS JOIN LATERAL (SELECT unnest(given.missing - given.accepted) AS records, false AS accepted
      UNION ALL SELECT unnest(given.missing * given.accepted), true) AS part`;

const at = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** By bridge, epoch and number. */
export const listGaps = (db: DataSource | EntityManager): Promise<UsageGap[]> =>
  db.query(
    `SELECT bridge_id, bridge_epoch, first, last, ${at('after')} AS after, ${at('before')} AS before, requested,
      CASE WHEN accepted THEN (SELECT jsonb_build_object('reason', reason, 'accepted_by', accepted_by, 'accepted_at',
          ${at('accepted_at')})
        FROM accepted_gaps AS given WHERE given.bridge_id = gaps.bridge_id AND given.bridge_epoch = gaps.bridge_epoch
          AND int8range(given.first, given.last, '[]') && gaps.records ORDER BY acceptance_id DESC LIMIT 1)
      END AS acceptance
    FROM (${GAPS}) AS gaps ORDER BY bridge_id, bridge_epoch, first`,
  );

/** How many records of a bridge have not come, in all its epochs. */
export interface MissingOfBridge {
  bridge_id: string;
  /** That nobody has accepted as lost. */
  missing: number;
  accepted: number;
}

/** Of each bridge that has ever sent a record. */
export const countMissingRecords = (db: DataSource): Promise<MissingOfBridge[]> =>
  db.query(
    `SELECT bridge_id, coalesce(sum(last - first + 1) FILTER (WHERE NOT accepted), 0)::float8 AS missing,
      coalesce(sum(last - first + 1) FILTER (WHERE accepted), 0)::float8 AS accepted
    FROM (SELECT DISTINCT bridge_id FROM bridge_progress) AS bridge LEFT JOIN (${GAPS}) AS gap USING (bridge_id)
    GROUP BY bridge_id ORDER BY bridge_id`,
  );

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

/** Whether records are missing: such that may still come, and such that an operator has taken for lost. */
export interface MissingRecords {
  incomplete: boolean;
  gap_accepted: boolean;
}

/**
 * Whether records of calls that began in this range are missing or may be. Whose calls they are is not known before
 * they come, so it is asked of all organisations alike (ADR 0028).
 */
export async function missingRecords(
  db: DataSource | EntityManager,
  { from, until, timeZone }: GapRange,
): Promise<MissingRecords> {
  const [row] = (await db.query(
    `SELECT coalesce(bool_or(NOT accepted), false) AS incomplete, coalesce(bool_or(accepted), false) AS gap_accepted
    FROM (${GAPS}) AS gap
    WHERE coalesce(gap.before >= $1::timestamp AT TIME ZONE $3, true)
      AND coalesce(coalesce(gap.after, gap.before - ${BEFORE_FIRST}) - ${LONGEST_CALL} <=
        $2::timestamp AT TIME ZONE $3, true)`,
    [from ?? null, until ?? null, timeZone ?? 'UTC'],
  )) as [MissingRecords];
  return row;
}
