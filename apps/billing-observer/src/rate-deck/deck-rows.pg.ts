import type { DeckRate, RateDeckAnswer, RateDeckRequest } from '@trunkmesh/contracts/rate-deck.js';
import type { DataSource, EntityManager } from 'typeorm';

type Asked<Ask extends RateDeckRequest['ask']> = Extract<RateDeckRequest, { ask: Ask }>;

/** Of an organisation, on all its decks: a report holds them in memory. */
export const MOST_RATES = 500_000;

const VALUES: readonly (readonly [type: string, value: (rate: DeckRate) => unknown])[] = [
  ['text', (rate) => rate.direction],
  ['text', (rate) => rate.prefix],
  ['timestamptz', (rate) => rate.effective_from],
  ['bigint', (rate) => rate.rate_per_minute_micros],
  ['text', (rate) => rate.increments],
  ['integer', (rate) => rate.minimum_seconds],
];
const GIVEN = VALUES.map(([type], index) => `$${index + 3}::${type}[]`).join(', ');
const KEY = 'direction, prefix, effective_from';
const TERMS = 'rate_micros, increments, minimum_seconds';

/** What of an import came and was never committed is removed an hour later. */
export async function keepImportRates(db: DataSource, asked: Asked<'rates-of-import'>): Promise<RateDeckAnswer> {
  await db.query("DELETE FROM deck_import_rates WHERE created_at < now() - interval '1 hour'");
  await db.query(
    `INSERT INTO deck_import_rates (organization_id, import_id, ${KEY}, ${TERMS})
    SELECT $1, $2, given.* FROM unnest(${GIVEN}) AS given ON CONFLICT DO NOTHING`,
    [asked.organization_id, asked.import_id, ...VALUES.map(([, value]) => asked.rates.map(value))],
  );
  return { outcome: 'done' };
}

/** All of the import, or nothing; a dry run only counts. */
export function commitImport(db: DataSource, asked: Asked<'commit'>): Promise<RateDeckAnswer> {
  return db.transaction(async (tx) => {
    // Two imports at once would each count what the other changes.
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 7102033))', [asked.organization_id]);
    const counts = await countChanges(tx, asked);
    const { total, ...changes } = counts;
    if (total > MOST_RATES) return { outcome: 'too-many', most: MOST_RATES };
    if (!asked.dry_run) await writeImport(tx, asked);
    await tx.query('DELETE FROM deck_import_rates WHERE organization_id = $1 AND import_id = $2', [
      asked.organization_id,
      asked.import_id,
    ]);
    const removed = asked.replace ? changes.removed : 0;
    return { outcome: 'imported', import: { dry_run: asked.dry_run, ...changes, removed } };
  });
}

interface Changes {
  added: number;
  changed: number;
  unchanged: number;
  removed: number;
  /** Rates that the organisation has afterwards. */
  total: number;
}

async function countChanges(tx: EntityManager, asked: Asked<'commit'>): Promise<Changes> {
  const [counts] = (await tx.query(
    `WITH now_there AS (SELECT ${KEY}, (${TERMS}) AS terms FROM deck_rates
        WHERE organization_id = $1 AND trunk_id = $2),
      coming AS (SELECT ${KEY}, (${TERMS}) AS terms FROM deck_import_rates
        WHERE organization_id = $1 AND import_id = $3),
      both_sides AS (SELECT now_there.terms AS before, coming.terms AS after, now_there.prefix AS had, coming.prefix AS
        has FROM now_there FULL JOIN coming USING (${KEY})),
      others AS (SELECT count(*)::int AS rates FROM deck_rates WHERE organization_id = $1 AND trunk_id <> $2)
    SELECT count(*) FILTER (WHERE had IS NULL)::int AS added,
      count(*) FILTER (WHERE had IS NOT NULL AND has IS NOT NULL AND before IS DISTINCT FROM after)::int AS changed,
      count(*) FILTER (WHERE had IS NOT NULL AND has IS NOT NULL AND before IS NOT DISTINCT FROM after)::int AS
        unchanged,
      count(*) FILTER (WHERE has IS NULL)::int AS removed,
      (count(*) FILTER (WHERE has IS NOT NULL OR NOT $4::boolean) + (SELECT rates FROM others))::int AS total
    FROM both_sides`,
    [asked.organization_id, asked.trunk_id, asked.import_id, asked.replace],
  )) as [Changes];
  return counts;
}

async function writeImport(tx: EntityManager, { organization_id, trunk_id, ...asked }: Asked<'commit'>): Promise<void> {
  await tx.query(
    `INSERT INTO rate_decks (organization_id, trunk_id, currency) VALUES ($1, $2, $3)
    ON CONFLICT (organization_id, trunk_id) DO UPDATE SET currency = excluded.currency, changed_at = now()`,
    [organization_id, trunk_id, asked.currency],
  );
  if (asked.replace)
    await tx.query('DELETE FROM deck_rates WHERE organization_id = $1 AND trunk_id = $2', [organization_id, trunk_id]);
  await tx.query(
    `INSERT INTO deck_rates (organization_id, trunk_id, ${KEY}, ${TERMS})
    SELECT organization_id, $2, ${KEY}, ${TERMS} FROM deck_import_rates WHERE organization_id = $1 AND import_id = $3
    ON CONFLICT (organization_id, trunk_id, ${KEY}) DO UPDATE SET rate_micros = excluded.rate_micros, increments =
      excluded.increments, minimum_seconds = excluded.minimum_seconds`,
    [organization_id, trunk_id, asked.import_id],
  );
}

const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`;

export async function listDecks(db: DataSource, { organization_id }: Asked<'decks'>): Promise<RateDeckAnswer> {
  const decks = await db.query(
    `SELECT trunk_id, currency, ${time('changed_at')}, (SELECT count(*)::int FROM deck_rates WHERE
      deck_rates.organization_id = rate_decks.organization_id AND deck_rates.trunk_id = rate_decks.trunk_id) AS rates
    FROM rate_decks WHERE organization_id = $1 ORDER BY trunk_id`,
    [organization_id],
  );
  return { outcome: 'decks', decks };
}

/** By direction, prefix and time. */
export async function listRates(db: DataSource, asked: Asked<'rates'>): Promise<RateDeckAnswer> {
  const one = [asked.organization_id, asked.trunk_id];
  const found: unknown[] = await db.query('SELECT FROM rate_decks WHERE organization_id = $1 AND trunk_id = $2', one);
  if (found.length === 0) return { outcome: 'not-found' };
  const { direction, prefix, effective_from } = asked.after ?? {};
  const items: DeckRate[] = await db.query(
    `SELECT direction, prefix, ${time('effective_from')}, rate_micros::text AS rate_per_minute_micros, increments,
      minimum_seconds FROM deck_rates
    WHERE organization_id = $1 AND trunk_id = $2 AND ($3::text IS NULL OR (direction, prefix,
      deck_rates.effective_from) >
      ($3, $4, $5::timestamptz))
    ORDER BY direction, prefix, deck_rates.effective_from LIMIT ${asked.limit}`,
    [...one, direction ?? null, prefix ?? null, effective_from ?? null],
  );
  const last = items.length === asked.limit ? items.at(-1) : undefined;
  const next =
    last === undefined ? null : { direction: last.direction, prefix: last.prefix, effective_from: last.effective_from };
  return { outcome: 'rates', items, next };
}

export async function deleteDeck(db: DataSource, asked: Asked<'delete'>): Promise<RateDeckAnswer> {
  const [, count] = (await db.query('DELETE FROM rate_decks WHERE organization_id = $1 AND trunk_id = $2', [
    asked.organization_id,
    asked.trunk_id,
  ])) as [unknown, number];
  return { outcome: count === 0 ? 'not-found' : 'done' };
}
