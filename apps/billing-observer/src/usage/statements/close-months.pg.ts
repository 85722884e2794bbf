import type { UsageStatement } from '@trunkmesh/contracts/usage-statement.js';
import type { DataSource, EntityManager } from 'typeorm';
import { everyOne } from '../../every-one.js';
import { missingRecords, type MissingRecords } from '../gaps.pg.js';
import { lockExclusive } from '../ledger/lock.pg.js';
import { figuresOf } from './figures.pg.js';
import { openPeriods, type Period } from './periods.pg.js';
import type { StatementFigures } from './statement.js';

export interface Closing {
  now: Date;
  closeDays: number;
  signal: AbortSignal;
}

/** Each organisation with calls whose next month may be over. */
const CANDIDATES = `
  WITH RECURSIVE found AS (
    (SELECT organization_id FROM usage_days ORDER BY organization_id LIMIT 1)
    UNION ALL SELECT (SELECT organization_id FROM usage_days WHERE organization_id > found.organization_id ORDER BY
      organization_id LIMIT 1) FROM found WHERE found.organization_id IS NOT NULL)
  SELECT organization_id FROM found LEFT JOIN LATERAL (SELECT ends FROM usage_statements AS statement WHERE
    statement.organization_id = found.organization_id ORDER BY month DESC LIMIT 1) AS last ON true
  WHERE organization_id IS NOT NULL AND (ends IS NULL OR ends + interval '27 days' < $1::timestamptz)`;

/**
 * Closes the months that are due, of all organisations; several copies may do so at once. Returns how many this one
 * has closed.
 * @throws AggregateError what kept months open, once all others are closed
 */
export async function closeMonths(dataSource: DataSource, closing: Closing): Promise<number> {
  const candidates: { organization_id: string }[] = await dataSource.query(CANDIDATES, [closing.now]);
  return everyOne(candidates, { what: 'months of organisations', signal: closing.signal }, ({ organization_id }) =>
    closeMonthsOf(dataSource, organization_id, closing),
  );
}

async function closeMonthsOf(dataSource: DataSource, organizationId: string, closing: Closing): Promise<number> {
  for (let closed = 0; ;) {
    closing.signal.throwIfAborted();
    const [period] = await openPeriods(dataSource, organizationId, closing);
    if (period === undefined || period.closes_at > closing.now) return closed;
    const done = await closeMonth(dataSource, organizationId, { period, closing });
    if (done === 'waits') return closed;
    if (done === 'closed') closed += 1;
  }
}

/**
 * Entries never change, so the figures up to an entry are always the same: they are counted without a lock, and where
 * two copies close one month, the first one counts.
 */
async function closeMonth(
  dataSource: DataSource,
  organizationId: string,
  { period, closing }: { period: Period; closing: Closing },
): Promise<'closed' | 'elsewhere' | 'waits'> {
  const throughEntry = await lastEntry(dataSource, organizationId);
  if (throughEntry === undefined) return 'waits';
  return dataSource.transaction(async (tx) => {
    await tx.query("SET LOCAL statement_timeout = '15min'");
    const figures = await figuresOf(tx, organizationId, { period, throughEntry });
    const missing = await missingIn(tx, period);
    const statement = statementOf(organizationId, { period, figures, missing, closedAt: closing.now });
    const written: unknown[] = await tx.query(
      `INSERT INTO usage_statements (organization_id, month, number, begins, ends, through_entry, closed_at, statement)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organization_id, month) DO NOTHING RETURNING month`,
      [
        ...[organizationId, period.month, statement.number, period.begins, period.ends],
        ...[throughEntry, closing.now, JSON.stringify(statement)],
      ],
    );
    return written.length > 0 ? 'closed' : 'elsewhere';
  });
}

/**
 * The last entry of which nothing before it is still being written; undefined: a rate plan has changed and calls are
 * still to be corrected.
 */
const lastEntry = (dataSource: DataSource, organizationId: string): Promise<string | undefined> =>
  dataSource.transaction(async (tx) => {
    await lockExclusive(tx);
    const [row] = (await tx.query(
      `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS entry, EXISTS (SELECT FROM rate_plans WHERE
        organization_id = $1 AND unsettled) AS unsettled FROM ledger_entry_id`,
      [organizationId],
    )) as [{ entry: string; unsettled: boolean }];
    return row.unsettled ? undefined : row.entry;
  });

export const missingIn = (db: DataSource | EntityManager, { begins, ends }: Period): Promise<MissingRecords> =>
  missingRecords(db, { from: begins.toISOString(), until: new Date(ends.getTime() - 1).toISOString() });

interface StatementParts {
  period: Period;
  figures: StatementFigures;
  missing: MissingRecords;
  /** Null: the month is open. */
  closedAt: Date | null;
}

export function statementOf(
  organizationId: string,
  { period, figures, missing, closedAt }: StatementParts,
): UsageStatement {
  return {
    month: period.month,
    state: closedAt === null ? 'open' : 'closed',
    number: closedAt === null ? null : numberOf(organizationId, period.month),
    time_zone: period.time_zone,
    begins: period.begins.toISOString(),
    ends: period.ends.toISOString(),
    closes_at: period.closes_at.toISOString(),
    closed_at: closedAt?.toISOString() ?? null,
    ...missing,
    ...figures,
  };
}

/** The month and the part of the organisation's id that is random: `202611-8000AB0000A1`. */
const numberOf = (organizationId: string, month: string): string =>
  `${month.replace('-', '')}-${organizationId.slice(-12).toUpperCase()}`;
