import type { DataSource, EntityManager } from 'typeorm';

/** How long sums are kept: four weeks to compare with, and the day that is compared. */
const KEPT = `interval '30 days'`;
/** A call that ended long after it began, or came late, changes an hour of the past. */
const RAISED_FOR = `interval '6 hours'`;
/**
 * Numbers of entries are handed out before the commit: entries below the last one seen may appear later. So many are
 * read again each time; that changes nothing, because hours are made whole from the ledger.
 */
const READ_AGAIN = 50_000;

const SIGN = `CASE kind WHEN 'reversal' THEN -1 ELSE 1 END`;
const SUMS = `
  SELECT organization_id, date_trunc('hour', started_at, 'UTC') AS hour, coalesce(trunk_id::text, '') AS trunk,
    direction, coalesce(currency, '') AS currency, sum(${SIGN}) AS calls,
    sum(${SIGN}) FILTER (WHERE answered_at IS NOT NULL) AS answered, sum(billable_seconds) AS seconds,
    sum(amount_micros) AS amount_micros
  FROM (SELECT * FROM ledger_entries WHERE carrier_cost = 'external') AS entry`;
const INSERT = `INSERT INTO alert_hours (organization_id, hour, trunk, direction, currency, calls, answered, seconds,
  amount_micros) SELECT organization_id, hour, trunk, direction, currency, calls, coalesce(answered, 0), seconds,
  amount_micros FROM sums WHERE calls > 0`;

/**
 * What was known before alerts were: the countries that organisations have called. The last weeks of each organisation
 * are computed as those of one that is set back.
 */
export async function beginHours(dataSource: DataSource): Promise<void> {
  const [progress]: { begun: boolean }[] = await dataSource.query('SELECT begun FROM alert_progress');
  if (progress!.begun) return;
  await dataSource.transaction(async (tx) => {
    const begins: unknown[] = await tx.query('SELECT FROM alert_progress WHERE NOT begun FOR UPDATE SKIP LOCKED');
    if (begins.length === 0) return;
    await tx.query(
      `INSERT INTO alert_countries SELECT DISTINCT organization_id, country FROM ledger_entries
       WHERE direction = 'outbound' AND country IS NOT NULL AND carrier_cost = 'external' ON CONFLICT DO NOTHING`,
    );
    await tx.query(
      `INSERT INTO alert_setbacks (organization_id, since_entry, retry_at)
       SELECT DISTINCT organization_id, 0, '-infinity'::timestamptz FROM usage_days ON CONFLICT DO NOTHING`,
    );
    await tx.query(
      `UPDATE alert_progress SET begun = true, last_entry = (SELECT coalesce(max(entry_id), 0) FROM ledger_entries)`,
    );
  });
}

export interface TouchedHour {
  organization_id: string;
  hour: Date;
}

/**
 * Notes the hours of new entries, in a table that lasts as long as the transaction: of one organisation, or of all that
 * are not set back. Returns the organisations.
 */
export async function noteTouched(tx: EntityManager, lastEntry: bigint, organizationId?: string): Promise<string[]> {
  await tx.query(
    `CREATE TEMPORARY TABLE touched_hours ON COMMIT DROP AS
       SELECT DISTINCT organization_id, date_trunc('hour', started_at, 'UTC') AS hour FROM ledger_entries
       WHERE entry_id > $1 AND started_at > now() - ${KEPT} AND CASE WHEN $2::uuid IS NULL
         THEN organization_id NOT IN (SELECT organization_id FROM alert_setbacks) ELSE organization_id = $2 END`,
    [String(lastEntry - BigInt(READ_AGAIN)), organizationId ?? null],
  );
  const rows: { organization_id: string }[] = await tx.query('SELECT DISTINCT organization_id FROM touched_hours');
  return rows.map(({ organization_id }) => organization_id);
}

/** Makes the touched hours of some organisations again; those of them that alerts are raised for. */
export async function renewHours(tx: EntityManager, organizationIds: readonly string[]): Promise<TouchedHour[]> {
  await tx.query(
    `DELETE FROM alert_hours USING touched_hours AS touched WHERE alert_hours.organization_id = ANY($1::uuid[]) AND
       alert_hours.organization_id = touched.organization_id AND alert_hours.hour = touched.hour`,
    [organizationIds],
  );
  await tx.query(
    `WITH sums AS (${SUMS} JOIN touched_hours AS touched USING (organization_id)
       WHERE organization_id = ANY($1::uuid[]) AND entry.started_at >= touched.hour AND
         entry.started_at < touched.hour + interval '1 hour'
       GROUP BY 1, 2, 3, 4, 5)
     ${INSERT}`,
    [organizationIds],
  );
  return tx.query(
    `SELECT organization_id, hour FROM touched_hours WHERE organization_id = ANY($1::uuid[]) AND
       hour > now() - ${RAISED_FOR} AND hour <= now() ORDER BY organization_id, hour`,
    [organizationIds],
  );
}

/** Old hours, and alerts that were published long ago. */
export async function forgetHours(tx: EntityManager): Promise<void> {
  await tx.query(`DELETE FROM alert_hours WHERE hour < now() - ${KEPT}`);
  await tx.query(
    `DELETE FROM usage_alerts WHERE published_at < now() - interval '90 days' AND rule <> 'new-high-cost-country'`,
  );
}
