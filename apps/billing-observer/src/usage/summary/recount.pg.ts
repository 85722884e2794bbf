import type { Running } from '@trunkmesh/runtime/operator-command.process.js';
import type { DataSource, EntityManager } from 'typeorm';
import { addSql, countSql, SUM_COLUMNS } from '../ledger/count.js';
import { lockExclusive } from '../ledger/lock.pg.js';

const OF_DAY = `(SELECT * FROM ledger_entries WHERE organization_id = $1 AND started_at >= $2::timestamptz AND
  started_at < $2::timestamptz + interval '1 day') AS entry`;

/** Adds the organisation's entries to empty aggregates, a day a statement, so that none takes long. */
async function count(tx: EntityManager, organizationId: string): Promise<void> {
  for (let from: string | null = '-infinity'; from !== null;) {
    const [next] = (await tx.query(
      'SELECT min(started_at)::text AS first FROM ledger_entries WHERE organization_id = $1 AND started_at >= ' +
        '$2::timestamptz',
      [organizationId, from],
    )) as [{ first: string | null }];
    if (next.first === null) return;
    await tx.query(countSql(OF_DAY), [organizationId, next.first]);
    const [then] = (await tx.query("SELECT ($1::timestamptz + interval '1 day')::text AS time", [next.first])) as [
      { time: string },
    ];
    from = then.time;
  }
}

const KEY = SUM_COLUMNS.slice(0, SUM_COLUMNS.indexOf(', calls'));
const SUMMED = SUM_COLUMNS.slice(KEY.length + 2)
  .split(', ')
  .map((sum) => `sum(${sum})`)
  .join(', ');
/** Of months that were exported and dropped: their days stay those of the time zone at that time. */
const ARCHIVED = addSql(`SELECT ${KEY}, ${SUMMED} FROM usage_archived_days WHERE organization_id = $1 GROUP BY ${KEY}`);

/** Drops the organisation's aggregates and makes them again. Nobody may write entries meanwhile: `lockExclusive`. */
export async function recount(tx: EntityManager, organizationId: string): Promise<void> {
  await tx.query('DELETE FROM usage_days WHERE organization_id = $1', [organizationId]);
  await tx.query(ARCHIVED, [organizationId]);
  await count(tx, organizationId);
}

const organizations = (tx: EntityManager): Promise<{ organization_id: string }[]> =>
  tx.query(
    `WITH RECURSIVE found AS (
      (SELECT organization_id FROM ledger_entries ORDER BY organization_id LIMIT 1)
      UNION ALL SELECT (SELECT organization_id FROM ledger_entries WHERE organization_id > found.organization_id
        ORDER BY organization_id LIMIT 1) FROM found WHERE found.organization_id IS NOT NULL)
    SELECT organization_id FROM found WHERE organization_id IS NOT NULL
    UNION SELECT DISTINCT organization_id FROM usage_days ORDER BY 1`,
  );

/** Of every organisation, into empty aggregates. */
export async function countAll(tx: EntityManager): Promise<void> {
  for (const { organization_id } of await organizations(tx)) await count(tx, organization_id);
}

/**
 * Drops the aggregates and makes them again from the ledger, one organisation after the other, while the service runs.
 * Recording waits while an organisation is counted. Returns how many organisations there are.
 */
export async function rebuildUsage(dataSource: DataSource, { signal, progress }: Running): Promise<number> {
  const archived: { organization_id: string }[] = await dataSource.query(
    'SELECT DISTINCT organization_id FROM usage_archived_days',
  );
  const known = [...(await organizations(dataSource.manager)), ...archived].map((row) => row.organization_id);
  const all = [...new Set(known)];
  for (const [index, organizationId] of all.entries()) {
    signal.throwIfAborted();
    await dataSource.transaction(async (tx) => {
      await lockExclusive(tx);
      await recount(tx, organizationId);
    });
    progress('rebuilding', index + 1, all.length);
  }
  return all.length;
}
