import type { DataSource } from 'typeorm';

/** Which entries a closed statement has. */
export interface StatementEntries {
  begins: Date;
  ends: Date;
  /** bigint as text. */
  through_entry: string;
  /** The last entry of the statement before; later ones of earlier months are adjustments of this one. */
  after_entry: string;
}

/** Undefined: the organisation has no closed statement of this month. */
export async function statementEntries(
  dataSource: DataSource,
  { organization_id, month }: { organization_id: string; month: string },
): Promise<StatementEntries | undefined> {
  const [found] = (await dataSource.query(
    `SELECT begins, ends, through_entry, coalesce((SELECT through_entry FROM usage_statements AS earlier WHERE
        earlier.organization_id = $1 AND earlier.month < $2 ORDER BY month DESC LIMIT 1), 0)::text AS after_entry
    FROM usage_statements WHERE organization_id = $1 AND month = $2`,
    [organization_id, month],
  )) as StatementEntries[];
  return found;
}
