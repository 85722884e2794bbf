import type { DataSource, EntityManager } from 'typeorm';
import { everyOne } from '../every-one.js';

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
 * What was known before alerts were: the countries that organisations have called, and the last weeks of each. An
 * organisation whose weeks cannot be computed is skipped until the next run, and does not delay others.
 * @throws AggregateError what failed, once all others are done
 */
export async function beginHours(dataSource: DataSource): Promise<void> {
  const [progress]: { begun: boolean; left_out: string[] }[] = await dataSource.query(
    'SELECT begun, left_out FROM alert_progress',
  );
  const { begun, left_out } = progress!;
  if (begun && left_out.length === 0) return;
  const [last]: { entry: string }[] = await dataSource.query(
    'SELECT coalesce(max(entry_id), 0) AS entry FROM ledger_entries',
  );
  const left = new Set(begun ? left_out : await beginCountries(dataSource));
  try {
    await everyOne([...left], { what: 'weeks before' }, async (organizationId) => {
      await beginHoursOf(dataSource, organizationId);
      left.delete(organizationId);
      return 1;
    });
  } finally {
    await dataSource.query(
      `UPDATE alert_progress SET begun = true, left_out = $1, last_entry = CASE WHEN begun THEN last_entry ELSE $2 END`,
      [[...left], last!.entry],
    );
  }
}

/** Of all organisations, which it returns. */
async function beginCountries(dataSource: DataSource): Promise<string[]> {
  await dataSource.query(
    `INSERT INTO alert_countries SELECT DISTINCT organization_id, country FROM ledger_entries
     WHERE direction = 'outbound' AND country IS NOT NULL AND carrier_cost = 'external' ON CONFLICT DO NOTHING`,
  );
  const rows: { organization_id: string }[] = await dataSource.query('SELECT DISTINCT organization_id FROM usage_days');
  return rows.map(({ organization_id }) => organization_id);
}

const beginHoursOf = (dataSource: DataSource, organizationId: string): Promise<void> =>
  dataSource.transaction(async (tx) => {
    await tx.query('DELETE FROM alert_hours WHERE organization_id = $1', [organizationId]);
    await tx.query(
      `WITH sums AS (${SUMS} WHERE organization_id = $1 AND started_at > now() - ${KEPT} GROUP BY 1, 2, 3, 4, 5)
       ${INSERT}`,
      [organizationId],
    );
  });

export interface TouchedHour {
  organization_id: string;
  hour: Date;
}

/** Makes the hours of new entries again; those of them that alerts are raised for. */
export async function renewHours(tx: EntityManager, lastEntry: bigint): Promise<TouchedHour[]> {
  await tx.query(
    `CREATE TEMPORARY TABLE touched_hours ON COMMIT DROP AS
       SELECT DISTINCT organization_id, date_trunc('hour', started_at, 'UTC') AS hour FROM ledger_entries
       WHERE entry_id > $1 AND started_at > now() - ${KEPT}`,
    [String(lastEntry - BigInt(READ_AGAIN))],
  );
  await tx.query(
    'DELETE FROM alert_hours USING touched_hours AS touched WHERE alert_hours.organization_id = ' +
      'touched.organization_id AND alert_hours.hour = touched.hour',
  );
  await tx.query(
    `WITH sums AS (${SUMS} JOIN touched_hours AS touched USING (organization_id)
       WHERE entry.started_at >= touched.hour AND entry.started_at < touched.hour + interval '1 hour'
       GROUP BY 1, 2, 3, 4, 5)
     ${INSERT}`,
  );
  return tx.query(
    `SELECT organization_id, hour FROM touched_hours WHERE hour > now() - ${RAISED_FOR} AND hour <= now()
     ORDER BY organization_id, hour`,
  );
}

/** Old hours, and alerts that were published long ago. */
export async function forgetHours(tx: EntityManager): Promise<void> {
  await tx.query(`DELETE FROM alert_hours WHERE hour < now() - ${KEPT}`);
  await tx.query(
    `DELETE FROM usage_alerts WHERE published_at < now() - interval '90 days' AND rule <> 'new-high-cost-country'`,
  );
}
