import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import { SUM_COLUMNS, sumsSql } from '../ledger/count.js';
import { LEDGER_LOCK } from '../ledger/lock.pg.js';
import type { MonthFile } from './month-file.fs.js';
import { partitionOf } from './old-months.js';

/** What a file has of a month. */
export interface Contents {
  month: string;
  part: number;
  entries: string;
  last_entry: string;
  archived_at: Date;
}

/** The month is no longer what the file has: export it again. */
export class Changed extends Error {
  override readonly name = 'Changed';
  constructor(month: string) {
    super(`entries of ${month} were written while it was exported; nothing was dropped. Run it again.`);
  }
}

/** Whoever waits longer for those that read the ledger makes everybody else wait. */
const LOCK_WAIT = '5s';
/** The organisations' days may change with their time zones, and with them the sums that are kept. */
const ZONES = `SELECT coalesce(md5(string_agg(organization_id || time_zone, ' ' ORDER BY organization_id)), '') AS zones
  FROM usage_time_zones`;

/**
 * Keeps the month's sums and drops its partition, in one transaction; `file` null: it is empty. The sums are counted
 * before the ledger is locked, so recording waits only while the entries are counted once more.
 *
 * @throws Changed
 */
export async function dropMonth(
  client: pg.Client,
  contents: Contents,
  file: (MonthFile & { name: string }) | null,
): Promise<void> {
  const { month, part, entries, last_entry } = contents;
  const partition = partitionOf(month);
  await client.query('BEGIN');
  try {
    const before = await client.query<{ zones: string }>(ZONES);
    await client.query(`CREATE TEMPORARY TABLE archiving ON COMMIT DROP AS ${sumsSql(partition)}`);
    await client.query(`SET LOCAL lock_timeout = '${LOCK_WAIT}'`);
    await client.query('SELECT pg_advisory_xact_lock($1)', [LEDGER_LOCK]);
    const now = await client.query<{ zones: string; entries: string; last_entry: string }>(
      `SELECT (${ZONES}), count(*) AS entries, coalesce(max(entry_id), 0) AS last_entry FROM ${partition}`,
    );
    const wanted = { zones: before.rows[0]!.zones, entries, last_entry };
    if (!isDeepStrictEqual({ ...now.rows[0] }, wanted)) throw new Changed(month);
    if (file !== null) {
      await client.query('INSERT INTO usage_archives VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', [
        ...[month, part, file.name, file.sha256, file.bytes],
        ...[entries, last_entry, contents.archived_at],
      ]);
      await client.query(
        `INSERT INTO usage_archived_days (month, part, ${SUM_COLUMNS}) SELECT $1, $2, ${SUM_COLUMNS} FROM archiving`,
        [month, part],
      );
      await client.query(
        `INSERT INTO usage_archived_estimates SELECT entry.* FROM ${partition} AS entry JOIN ledger_calls AS current
          USING (entry_id) WHERE current.estimated`,
      );
    }
    await client.query(`DROP TABLE ${partition}`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
