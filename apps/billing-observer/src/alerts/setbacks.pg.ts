import type { DataSource, EntityManager } from 'typeorm';

interface Pauses {
  firstS: number;
  longestS: number;
}
const ORGANIZATION_PAUSES = { firstS: 60, longestS: 3_600 };
const ALERT_PAUSES = { firstS: 10, longestS: 600 };

/** SQL for when the next attempt is due: the delay doubles with each failure. `now`: a placeholder such as `$3`. */
const retryAt = (now: string, { firstS, longestS }: Pauses, attempts = 'attempts'): string =>
  `${now}::timestamptz + make_interval(secs => least(${longestS}, ${firstS} * power(2, least(${attempts}, 20))))`;

/** Only the first line, short enough for a table and a log. */
const REASON_CHARACTERS = 300;
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!.slice(0, REASON_CHARACTERS);

/** Organisations that are due for a retry, those with the fewest failures first. */
export async function dueSetbacks(manager: EntityManager, now: Date): Promise<string[]> {
  const rows: { organization_id: string }[] = await manager.query(
    'SELECT organization_id FROM alert_setbacks WHERE retry_at <= $1 ORDER BY attempts, retry_at',
    [now],
  );
  return rows.map(({ organization_id }) => organization_id);
}

/** The last entry that was evaluated; undefined: the organisation is no longer set back. */
export async function setBackSince(tx: EntityManager, organizationId: string): Promise<string | undefined> {
  const rows: { since_entry: string }[] = await tx.query(
    'SELECT since_entry FROM alert_setbacks WHERE organization_id = $1',
    [organizationId],
  );
  return rows[0]?.since_entry;
}

/** `since` is stored only by the first setback: no later entry has been evaluated. */
export async function setBack(
  tx: EntityManager,
  organizationId: string,
  { since, now, error }: { since: string; now: Date; error: unknown },
): Promise<void> {
  await tx.query(
    `INSERT INTO alert_setbacks AS known (organization_id, since_entry, attempts, retry_at, reason)
     VALUES ($1, $2, 1, ${retryAt('$3', ORGANIZATION_PAUSES, '0')}, $4) ON CONFLICT (organization_id) DO UPDATE SET
       attempts = known.attempts + 1, retry_at = ${retryAt('$3', ORGANIZATION_PAUSES, 'known.attempts')}, reason = $4`,
    [organizationId, since, now, reasonOf(error)],
  );
}

export async function clearSetbacks(tx: EntityManager, organizationIds: readonly string[]): Promise<void> {
  await tx.query('DELETE FROM alert_setbacks WHERE organization_id = ANY($1::uuid[])', [organizationIds]);
}

/** Schedules a retry of an alert that could not be published. */
export async function setAlertBack(manager: EntityManager, alertId: string, now: Date): Promise<void> {
  await manager.query(
    `UPDATE usage_alerts SET attempts = attempts + 1, retry_at = ${retryAt('$2', ALERT_PAUSES)}
     WHERE alert_id = $1 AND published_at IS NULL`,
    [alertId, now],
  );
}

export interface Setbacks {
  /** Organisations that could not be evaluated. */
  organizations: number;
  /** Alerts that could not be published. */
  alerts: number;
}

export async function countSetbacks(dataSource: DataSource): Promise<Setbacks> {
  const [count]: Setbacks[] = await dataSource.query(
    `SELECT (SELECT count(*) FROM alert_setbacks WHERE attempts > 0)::int AS organizations,
       (SELECT count(*) FROM usage_alerts WHERE published_at IS NULL AND attempts > 0)::int AS alerts`,
  );
  return count!;
}
