import type {
  CarrierBillAnswer,
  CarrierBillRequest,
  CarrierCall,
  Reconciliation,
} from '@trunkmesh/contracts/carrier-bill.js';
import type { DataSource } from 'typeorm';
import { storableText } from '../storable-text.js';

type Asked<Ask extends CarrierBillRequest['ask']> = Extract<CarrierBillRequest, { ask: Ask }>;

/** Kept for an organisation; more are refused until some are deleted. */
export const MOST_RECONCILIATIONS = 200;

const time = (value: string) => `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const COLUMNS = `id, organization_id, name, format, trunk_ids, tolerance_seconds, time_is, status,
  jsonb_build_object('done', done, 'total', total) AS progress, rows::float8, skipped_rows::float8,
  CASE WHEN first_at IS NOT NULL THEN jsonb_build_object('from', ${time('to_timestamp(first_at)')}, 'to',
    ${time('to_timestamp(last_at)')}) END AS period, time_shift_seconds, groups, notes, problem,
  ${time('created_at')} AS created_at, ${time('finished_at')} AS finished_at`;

const notFound = { outcome: 'not-found' } as const;

/** @returns whether there was room for it */
export async function beginReconciliation(db: DataSource, asked: Asked<'begin'>): Promise<CarrierBillAnswer> {
  const written: unknown[] = await db.query(
    `INSERT INTO reconciliations (id, organization_id, name, format, trunk_ids, tolerance_seconds, time_is, period_from,
      period_to, status)
    SELECT $1, $2, $3, $4, $5::uuid[], $6, $7, $8, $9, 'receiving' WHERE (SELECT count(*) FROM reconciliations WHERE
      organization_id = $2 AND status <> 'deleted') < $10
    ON CONFLICT DO NOTHING RETURNING id`,
    [
      asked.id,
      asked.organization_id,
      storableText(asked.name),
      asked.format,
      asked.trunk_ids,
      asked.tolerance_seconds,
      asked.time_is,
      asked.period?.from ?? null,
      asked.period?.to ?? null,
      MOST_RECONCILIATIONS,
    ],
  );
  if (written.length === 0) return { outcome: 'too-many', most: MOST_RECONCILIATIONS };
  return getReconciliation(db, asked);
}

const VALUES: readonly (readonly [type: string, value: (call: CarrierCall) => unknown])[] = [
  ['integer', (call) => call.line],
  ['text', (call) => call.reference && storableText(call.reference)],
  ['text', (call) => storableText(call.from)],
  ['text', (call) => storableText(call.to)],
  ['bigint', (call) => call.at],
  ['bigint', (call) => call.seconds],
  ['bigint', (call) => call.amount_micros],
  ['text', (call) => call.currency],
];
const GIVEN = VALUES.map(([type], index) => `$${index + 3}::${type}[]`).join(', ');

/** Rows that are there already stay as they are: a request may come twice. */
export async function storeRows(db: DataSource, { id, organization_id, rows }: Asked<'rows'>) {
  const [found]: unknown[] = await db.query(
    `WITH open AS (UPDATE reconciliations SET changed_at = now() WHERE id = $1 AND organization_id = $2 AND status =
        'receiving' RETURNING id),
      stored AS (INSERT INTO carrier_calls SELECT open.id, call.* FROM open, unnest(${GIVEN}) AS call
        ON CONFLICT DO NOTHING)
    SELECT id FROM open`,
    [id, organization_id, ...VALUES.map(([, value]) => rows.map(value))],
  );
  return found === undefined ? stateOf(db, { id, organization_id }) : ({ outcome: 'done' } as const);
}

/** From now on the file is whole, and a worker compares it. */
export async function startMatching(db: DataSource, { id, organization_id, skipped_rows }: Asked<'match'>) {
  const [[found]] = (await db.query(
    `UPDATE reconciliations SET status = 'matching', skipped_rows = $3, changed_at = now(),
      rows = (SELECT count(*) FROM carrier_calls WHERE reconciliation_id = $1),
      first_at = (SELECT min(at) FROM carrier_calls WHERE reconciliation_id = $1),
      last_at = (SELECT max(at) FROM carrier_calls WHERE reconciliation_id = $1)
    WHERE id = $1 AND organization_id = $2 AND status = 'receiving' RETURNING id`,
    [id, organization_id, skipped_rows],
  )) as [unknown[]];
  return found === undefined ? stateOf(db, { id, organization_id }) : getReconciliation(db, { id, organization_id });
}

interface One {
  id: string;
  organization_id: string;
}

async function stateOf(db: DataSource, one: One): Promise<CarrierBillAnswer> {
  const found = await getReconciliation(db, one);
  return found.outcome === 'reconciliation'
    ? { outcome: 'wrong-state', status: found.reconciliation.status }
    : notFound;
}

export async function getReconciliation(db: DataSource, { id, organization_id }: One): Promise<CarrierBillAnswer> {
  const [reconciliation]: Reconciliation[] = await db.query(
    `SELECT ${COLUMNS} FROM reconciliations WHERE id = $1 AND organization_id = $2 AND status <> 'deleted'`,
    [id, organization_id],
  );
  return reconciliation === undefined ? notFound : { outcome: 'reconciliation', reconciliation };
}

/** Newest first. */
export async function listReconciliations(db: DataSource, asked: Asked<'list'>): Promise<CarrierBillAnswer> {
  const items: (Reconciliation & { cursor: string })[] = await db.query(
    `SELECT ${COLUMNS}, reconciliations.created_at::text AS cursor FROM reconciliations
    WHERE organization_id = $1 AND status <> 'deleted' AND ($2::timestamptz IS NULL OR (reconciliations.created_at, id)
      < ($2, $3::uuid))
    ORDER BY reconciliations.created_at DESC, id DESC LIMIT ${asked.limit}`,
    [asked.organization_id, asked.after?.created_at ?? null, asked.after?.id ?? null],
  );
  const last = items.length === asked.limit ? items.at(-1) : undefined;
  return {
    outcome: 'reconciliations',
    items: items.map(({ cursor: _cursor, ...item }) => item),
    next: last === undefined ? null : { created_at: last.cursor, id: last.id },
  };
}

/** Stopping what is over already changes nothing. */
export async function stopReconciliation(db: DataSource, one: One): Promise<CarrierBillAnswer> {
  await db.query(
    `UPDATE reconciliations SET status = 'stopped', problem = 'It was stopped on request.', finished_at = now(),
      changed_at = now() WHERE id = $1 AND organization_id = $2 AND status IN ('receiving', 'matching')`,
    [one.id, one.organization_id],
  );
  return getReconciliation(db, one);
}

/** It is gone at once; its rows are removed by a worker. */
export async function deleteReconciliation(db: DataSource, { id, organization_id }: One): Promise<CarrierBillAnswer> {
  const [[found]] = (await db.query(
    `UPDATE reconciliations SET status = 'deleted', changed_at = now() WHERE id = $1 AND organization_id = $2 AND
      status <> 'deleted' RETURNING id`,
    [id, organization_id],
  )) as [unknown[]];
  return found === undefined ? notFound : { outcome: 'done' };
}

const instant = (column: string) => `CASE WHEN ${column} IS NOT NULL THEN ${time(`to_timestamp(${column})`)} END`;

export async function findDifferences(db: DataSource, asked: Asked<'differences'>): Promise<CarrierBillAnswer> {
  const found = await getReconciliation(db, asked);
  if (found.outcome !== 'reconciliation') return found;
  const items = await db.query(
    `SELECT difference_id::text, kind, cause, call_id, 'CA' || replace(call_id::text, '-', '') AS call_sid, trunk_id,
      from_number, to_number,
      ${instant('our_second')} AS our_time, our_seconds::float8, their_line, their_reference,
      ${instant('their_second')} AS their_time, their_seconds::float8, amount_micros::text, currency
    FROM carrier_differences WHERE reconciliation_id = $1 AND ($2::text IS NULL OR kind = $2)
      AND ($3::text IS NULL OR cause = $3) AND difference_id > $4::bigint
    ORDER BY carrier_differences.difference_id LIMIT ${asked.limit}`,
    [asked.id, asked.kind ?? null, asked.cause ?? null, asked.after ?? '0'],
  );
  const last = items.length === asked.limit ? (items.at(-1) as { difference_id: string }).difference_id : null;
  return { outcome: 'differences', items, next: last };
}
