import type { Running } from '@trunkmesh/runtime/operator-command.process.js';
import type { DataSource, EntityManager } from 'typeorm';
import { addSql, countSql, SUM_COLUMNS, sumsSql } from '../ledger/count.js';
import { lockExclusive } from '../ledger/lock.pg.js';

const ofDay = (through: string) => `(SELECT * FROM ledger_entries WHERE organization_id = $1 AND started_at >=
  $2::timestamptz AND started_at < $2::timestamptz + interval '1 day' ${through}) AS entry`;

/** Counts the organisation's entries by `statement`, a day at a time, so that no statement takes long. */
async function byDay(
  tx: EntityManager,
  organizationId: string,
  { statement, parameters = [] }: { statement: string; parameters?: readonly unknown[] },
): Promise<void> {
  for (let from: string | null = '-infinity'; from !== null;) {
    const [next] = (await tx.query(
      'SELECT min(started_at)::text AS first FROM ledger_entries WHERE organization_id = $1 AND started_at >= ' +
        '$2::timestamptz',
      [organizationId, from],
    )) as [{ first: string | null }];
    if (next.first === null) return;
    await tx.query(statement, [organizationId, next.first, ...parameters]);
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

export interface Recount {
  organizationId: string;
  /** A name that PostgreSQL knows: the days are counted in it. */
  timeZone: string;
  /**
   * Under the ledger's lock, before the sums are replaced; false: they stay as they are. Afterwards `usage_time_zones`
   * has `timeZone`.
   */
  adopt(tx: EntityManager): Promise<boolean>;
  /** Once all is counted that was recorded before, and the lock is not held. */
  counted?: (() => Promise<unknown>) | undefined;
}

const COUNTED = 'counted_days';
const COUNT_THROUGH = addSql(sumsSql(ofDay('AND entry_id <= $3'), '$4'), COUNTED);
const COUNT_LATER = countSql('(SELECT * FROM ledger_entries WHERE organization_id = $1 AND entry_id > $2) AS entry');

/**
 * Makes the organisation's aggregates again. What was recorded so far is counted beside recording, because entries
 * never change; recording waits only while the sums are replaced and the latest entries are added. Returns whether they
 * were replaced. Where a month is dropped from the ledger meanwhile, all is counted once more.
 */
export async function recount(dataSource: DataSource, again: Recount): Promise<boolean> {
  for (;;) {
    const replaced = await recountOnce(dataSource, again);
    if (replaced !== undefined) return replaced;
  }
}

async function recountOnce(dataSource: DataSource, again: Recount): Promise<boolean | undefined> {
  const { organizationId, timeZone } = again;
  const begun = await dataSource.transaction(async (tx) => {
    await lockExclusive(tx);
    return ledgerNow(tx);
  });
  // No transaction holds the ledger's tables while it waits for the lock: dropping a month takes both the other way.
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query(`CREATE TEMPORARY TABLE ${COUNTED} (LIKE usage_days INCLUDING INDEXES)`);
    await byDay(runner.manager, organizationId, { statement: COUNT_THROUGH, parameters: [begun.last, timeZone] });
    await again.counted?.();
    return await runner.manager.transaction((tx) => replace(tx, again, begun));
  } finally {
    await runner.query(`DROP TABLE IF EXISTS ${COUNTED}`).catch(() => undefined);
    await runner.release();
  }
}

/** Undefined: a month was dropped from the ledger since the beginning. */
async function replace(tx: EntityManager, again: Recount, begun: LedgerNow): Promise<boolean | undefined> {
  await lockExclusive(tx);
  const { archives } = await ledgerNow(tx);
  if (archives !== begun.archives) return undefined;
  if (!(await again.adopt(tx))) return false;
  await tx.query('DELETE FROM usage_days WHERE organization_id = $1', [again.organizationId]);
  await tx.query(`INSERT INTO usage_days (${SUM_COLUMNS}) SELECT ${SUM_COLUMNS} FROM ${COUNTED}`);
  await tx.query(ARCHIVED, [again.organizationId]);
  await tx.query(COUNT_LATER, [again.organizationId, begun.last]);
  return true;
}

interface LedgerNow {
  /** Entry. */
  last: string;
  /** How many months or parts of months were exported and dropped. */
  archives: string;
}

async function ledgerNow(tx: EntityManager): Promise<LedgerNow> {
  const [now] = (await tx.query(
    `SELECT (SELECT coalesce(max(entry_id), 0) FROM ledger_entries) AS last, (SELECT count(*) FROM usage_archives) AS
      archives`,
  )) as [LedgerNow];
  return now;
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

/** Of every organisation, into empty aggregates. Nobody may write entries meanwhile: `lockExclusive`. */
export async function countAll(tx: EntityManager): Promise<void> {
  for (const { organization_id } of await organizations(tx))
    await byDay(tx, organization_id, { statement: countSql(ofDay('')) });
}

/**
 * Makes the aggregates again from the ledger, one organisation after the other, while the service runs. Returns how
 * many organisations there are.
 */
export async function rebuildUsage(dataSource: DataSource, { signal, progress }: Running): Promise<number> {
  const archived: { organization_id: string }[] = await dataSource.query(
    'SELECT DISTINCT organization_id FROM usage_archived_days',
  );
  const known = [...(await organizations(dataSource.manager)), ...archived].map((row) => row.organization_id);
  const all = [...new Set(known)];
  for (const [index, organizationId] of all.entries()) {
    for (let replaced = false; !replaced;) {
      signal.throwIfAborted();
      const timeZone = await zoneOf(dataSource.manager, organizationId);
      const adopt = async (tx: EntityManager) => (await zoneOf(tx, organizationId)) === timeZone;
      replaced = await recount(dataSource, { organizationId, timeZone, adopt });
    }
    progress('rebuilding', index + 1, all.length);
  }
  return all.length;
}

async function zoneOf(tx: EntityManager, organizationId: string): Promise<string> {
  const [zone] = (await tx.query(
    `SELECT coalesce((SELECT time_zone FROM usage_time_zones WHERE organization_id = $1), 'UTC') AS name`,
    [organizationId],
  )) as [{ name: string }];
  return zone.name;
}
