import type { DataSource, EntityManager } from 'typeorm';
import { MonthArchived } from './month-archived.js';
import { boundsOf } from './old-months.js';

interface Range {
  organizationId: string;
  /** RFC 3339. Undefined: not bounded. */
  from: string | undefined;
  to: string | undefined;
}

interface ArchivedMonth {
  month: string;
  files: string[];
}

/** The months that were exported and dropped in which the organisation has calls, the oldest first. */
const archivedMonths = (db: DataSource | EntityManager, organizationId: string): Promise<ArchivedMonth[]> =>
  db.query(
    `SELECT month, array_agg(file ORDER BY part) AS files FROM usage_archives AS archive WHERE EXISTS (SELECT FROM
        usage_archived_days AS day WHERE organization_id = $1 AND day.month = archive.month AND day.part = archive.part)
      GROUP BY month ORDER BY month`,
    [organizationId],
  );

/**
 * From when on all entries of the organisation are in the database; null: all there ever were.
 *
 * @throws MonthArchived when the range needs entries of a month that was exported and dropped
 */
export async function completeFrom(db: DataSource | EntityManager, range: Range): Promise<string | null> {
  const archived = (await archivedMonths(db, range.organizationId)).map((each) => ({
    ...each,
    ...boundsOf(each.month),
  }));
  const last = archived.at(-1)?.ends ?? null;
  const [from, to] = [range.from, range.to].map((time) => (time === undefined ? undefined : Date.parse(time)));
  const missing = archived.filter(
    ({ begins, ends }) =>
      // Without a beginning only what ends before everything that is there is asked in vain.
      (from === undefined ? to !== undefined && to < Date.parse(last!) : from < Date.parse(ends)) &&
      (to === undefined || to >= Date.parse(begins)),
  );
  if (missing.length > 0)
    throw new MonthArchived(
      missing.flatMap(({ files }) => files),
      last!,
    );
  return last;
}
