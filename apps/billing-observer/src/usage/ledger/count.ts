/** What the aggregates count by, as a row of (dimension, key) each. `rate` is what free minutes are taken off from. */
const DIMENSIONS = `(VALUES ('all', ''), ('trunk', coalesce(entry.trunk_id::text, '')), ('number',
    coalesce(entry.number_id::text, '')), ('direction', entry.direction), ('country', coalesce(entry.country, '')),
    ('rate', coalesce(entry.rate_micros::text, ''))) AS counted (dimension, key)`;

const SUMS = ['calls', 'answered', 'estimated', 'billable_seconds', 'charged_seconds', 'amount_micros'];

/**
 * The statement that adds entries to `usage_days`; `source` is a relation with the ledger's columns. The one way, for
 * entries that are written and for a rebuild alike. Sorted, so that two copies wait for each other instead of
 * deadlocking.
 */
export const countSql = (source: string): string => `
  INSERT INTO usage_days (organization_id, dimension, day, key, currency, ${SUMS.join(', ')})
  SELECT entry.organization_id, counted.dimension,
    (entry.started_at AT TIME ZONE coalesce(zone.time_zone, 'UTC'))::date,
    counted.key, coalesce(entry.currency, ''), sum(sign), sum(CASE WHEN entry.answered_at IS NULL THEN 0 ELSE sign END),
    sum(CASE WHEN entry.estimated THEN sign ELSE 0 END), sum(entry.billable_seconds), sum(entry.charged_seconds),
    sum(entry.amount_micros)
  FROM (SELECT *, CASE kind WHEN 'reversal' THEN -1 ELSE 1 END AS sign FROM ${source}) AS entry
    LEFT JOIN usage_time_zones AS zone USING (organization_id) CROSS JOIN LATERAL ${DIMENSIONS}
  GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (organization_id, dimension, day, key, currency) DO UPDATE SET
    ${SUMS.map((sum) => `${sum} = usage_days.${sum} + excluded.${sum}`).join(', ')}`;
