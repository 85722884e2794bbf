import {
  statementHead,
  usageStatement,
  type StatementHead,
  type UsageStatement,
} from '@trunkmesh/contracts/usage-statement.js';
import type { DataSource } from 'typeorm';
import { missingIn, statementOf } from './close-months.pg.js';
import { figuresOf } from './figures.pg.js';
import { openPeriods, type Period } from './periods.pg.js';

interface Asked {
  now: Date;
  closeDays: number;
}

/** So many closed months are listed. */
const LISTED = 120;

/** The latest month first; the open ones with what they are so far. */
export async function listStatements(
  dataSource: DataSource,
  organizationId: string,
  asked: Asked,
): Promise<StatementHead[]> {
  const open: StatementHead[] = [];
  for (const period of await openPeriods(dataSource, organizationId, asked))
    open.push(statementHead.parse(await openStatement(dataSource, organizationId, period)));
  const closed: { head: string }[] = await dataSource.query(
    `SELECT (statement::jsonb - ARRAY['lines', 'rates', 'free_minutes', 'adjustments', 'adjusted_entries',
      'adjusted_entries_total'])::text AS head FROM usage_statements WHERE organization_id = $1
    ORDER BY month DESC LIMIT ${LISTED}`,
    [organizationId],
  );
  return [...open.toReversed(), ...closed.map(({ head }) => statementHead.parse(JSON.parse(head)))];
}

/** A closed month is what was kept of it. */
export async function findStatement(
  dataSource: DataSource,
  { organization_id, month }: { organization_id: string; month: string },
  asked: Asked,
): Promise<UsageStatement | undefined> {
  const [closed] = (await dataSource.query(
    'SELECT statement FROM usage_statements WHERE organization_id = $1 AND month = $2',
    [organization_id, month],
  )) as { statement: string }[];
  if (closed !== undefined) return usageStatement.parse(JSON.parse(closed.statement));
  const periods = await openPeriods(dataSource, organization_id, asked);
  const period = periods.find((each) => each.month === month);
  return period === undefined ? undefined : openStatement(dataSource, organization_id, period);
}

const openStatement = async (dataSource: DataSource, organizationId: string, period: Period) =>
  statementOf(organizationId, {
    period,
    figures: await figuresOf(dataSource.manager, organizationId, { period, throughEntry: null }),
    missing: await missingIn(dataSource, period),
    closedAt: null,
  });
