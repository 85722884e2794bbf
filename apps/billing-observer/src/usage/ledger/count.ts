/** What the aggregates count by, as a row of (dimension, key) each. `rate` is what free minutes are taken off from. */
export const DIMENSIONS = `(VALUES ('all', ''), ('trunk', coalesce(trunk_id::text, '')), ('number',
    coalesce(number_id::text, '')), ('direction', direction), ('country', coalesce(country, '')),
    ('rate', coalesce(rate_micros::text, ''))) AS counted (dimension, key)`;

const SUMS = ['calls', 'answered', 'estimated', 'billable_seconds', 'charged_seconds', 'amount_micros'];

/** The columns of `usage_days`, in the order of `sumsSql`. */
export const SUM_COLUMNS = `organization_id, dimension, day, key, currency, carrier_cost, ${SUMS.join(', ')}`;

/** What follows the time zones that the organisations have; `zone` is the row of the entry's organisation. */
const KNOWN_ZONE = `coalesce(zone.time_zone, 'UTC')`;

/**
 * What entries add to `usage_days`; `source` is a relation with the ledger's columns. Entries that are alike are summed
 * up before they are counted six times.
 */
export const sumsSql = (source: string, timeZone = KNOWN_ZONE): string => `
  SELECT organization_id, dimension, day, key, currency, carrier_cost,
    ${SUMS.map((sum) => `sum(${sum}) AS ${sum}`).join(', ')}
  FROM (SELECT entry.organization_id, (started_at AT TIME ZONE ${timeZone})::date AS day,
      coalesce(currency, '') AS currency, trunk_id, number_id, direction, country, rate_micros,
      carrier_cost, sum(sign) AS calls,
      sum(CASE WHEN answered_at IS NULL THEN 0 ELSE sign END) AS answered,
      sum(CASE WHEN estimated THEN sign ELSE 0 END) AS estimated, sum(billable_seconds) AS billable_seconds,
      sum(charged_seconds) AS charged_seconds, sum(amount_micros) AS amount_micros
    FROM (SELECT *, CASE kind WHEN 'reversal' THEN -1 ELSE 1 END AS sign FROM ${source}) AS entry
      LEFT JOIN usage_time_zones AS zone ON zone.organization_id = entry.organization_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9) AS alike CROSS JOIN LATERAL ${DIMENSIONS}
  GROUP BY 1, 2, 3, 4, 5, 6`;

/**
 * The statement that adds entries to `usage_days`. The one way, for entries that are written and for a rebuild alike.
 * Sorted, so that two copies wait for each other instead of deadlocking.
 */
export const countSql = (source: string): string => addSql(`${sumsSql(source)} ORDER BY 1, 2, 3, 4, 5, 6`);

/** The statement that adds sums to `usage_days` or a table like it; `sums` has the columns of `SUM_COLUMNS`. */
export const addSql = (sums: string, into = 'usage_days'): string => `
  INSERT INTO ${into} (${SUM_COLUMNS}) ${sums}
  ON CONFLICT (organization_id, dimension, day, key, currency, carrier_cost) DO UPDATE SET
    ${SUMS.map((sum) => `${sum} = ${into}.${sum} + excluded.${sum}`).join(', ')}`;
