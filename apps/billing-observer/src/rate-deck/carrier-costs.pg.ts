import { setImmediate as turn } from 'node:timers/promises';
import type { CarrierCosts } from '@trunkmesh/contracts/rate-deck.js';
import type { DataSource, QueryRunner } from 'typeorm';
import { rowsOf } from '../carrier-bill/cursor.pg.js';
import { completeFrom } from '../usage/archive/archived.pg.js';
import { beginOfDaySql } from '../usage/summary/begin-of-day.js';
import { CostReport, type AlikeCalls, type TrunkDeck } from './cost-report.js';
import { Deck, type CallsOfLength, type Rate } from './price-call.js';

/** Of an outbound call the entry has it; the organisation's own numbers are few. */
const CALLED_COUNTRY = `CASE direction WHEN 'outbound' THEN country END`;
const LENGTHS_PER_TURN = 2_000;
/** As long as an asker waits: what nobody waits for takes no more of the database. */
const STATEMENT_TIME = '60s';
/** With PostgreSQL's default of 4 MB a million calls are grouped on disk. */
const SORT_MEMORY = '32MB';

/** `lengths`: `61 3,62 1`, which are three calls of 61 seconds and one of 62. */
type CallRow = Omit<AlikeCalls, 'lengths'> & { lengths: string };
type RateRow = Omit<Rate, 'rate_micros'> & { rate_micros: string };

/**
 * What the answered calls of a month in the organisation's time zone would have cost on each deck. Only an estimate: it
 * is in no entry of the ledger. The database counts calls that cost the same, so that each kind is priced once.
 *
 * @throws MonthArchived, and the signal's reason: nobody waits for it any more
 */
export async function carrierCosts(
  db: DataSource,
  { organization_id, month }: { organization_id: string; month: string },
  signal?: AbortSignal,
): Promise<CarrierCosts> {
  const runner = db.createQueryRunner();
  try {
    await runner.startTransaction('REPEATABLE READ');
    await runner.query(`SET LOCAL statement_timeout = '${STATEMENT_TIME}'; SET LOCAL work_mem = '${SORT_MEMORY}'`);
    const [zone] = (await runner.query(
      `SELECT coalesce((SELECT time_zone FROM usage_time_zones WHERE organization_id = $1), 'UTC') AS name`,
      [organization_id],
    )) as [{ name: string }];
    const [bounds] = (await runner.query(
      `SELECT to_json(${beginOfDaySql('$1::timestamp', '$2')}) #>> '{}' AS from,
        to_json(${beginOfDaySql("($1::timestamp + interval '1 month')", '$2')} - interval '1 us') #>> '{}' AS to`,
      [`${month}-01`, zone.name],
    )) as [{ from: string; to: string }];
    await completeFrom(runner.manager, { organizationId: organization_id, ...bounds });
    const decks = await loadDecks(runner, organization_id);
    const report = new CostReport(decks);
    let priced = 0;
    const parameters = [organization_id, `${month}-01`, zone.name, changesOf(decks), longestPrefix(decks) + 1];
    for await (const call of callsOf(runner, parameters)) {
      const lengths = call.lengths.split(',').map(lengthOf);
      report.add({ ...call, lengths });
      if ((priced += lengths.length) < LENGTHS_PER_TURN) continue;
      priced = 0;
      await turn();
      signal?.throwIfAborted();
    }
    return report.result({ month, time_zone: zone.name });
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

function lengthOf(text: string): CallsOfLength {
  const [seconds, calls] = text.split(' ') as [string, string];
  return { billable_seconds: BigInt(seconds), calls: BigInt(calls) };
}

/**
 * Of a called number no more counts than the plus and the longest prefix: those alike so far are one row, with how many
 * calls of which length they are.
 */
const callsOf = (runner: QueryRunner, parameters: unknown[]) =>
  rowsOf<CallRow>(runner, {
    name: 'calls',
    parameters,
    sql: `SELECT direction, min(called) AS "to", extract(epoch FROM min(first))::float8 * 1000 AS began, country,
        string_agg(billable_seconds || ' ' || calls, ',') AS lengths
      FROM (SELECT direction, CASE direction WHEN 'outbound' THEN left(to_number, $5) ELSE to_number END AS beginning,
          ${CALLED_COUNTRY} AS country, width_bucket(entry.started_at, $4::timestamptz[]) AS change, billable_seconds,
          min(to_number) AS called, min(entry.started_at) AS first, count(*) AS calls
        FROM ledger_entries AS entry
          JOIN ledger_calls AS current ON current.entry_id = entry.entry_id AND current.started_at = entry.started_at
        WHERE organization_id = $1 AND carrier_cost = 'external' AND billable_seconds > 0
          AND entry.started_at >= ${beginOfDaySql('$2::timestamp', '$3')}
          AND entry.started_at < ${beginOfDaySql("($2::timestamp + interval '1 month')", '$3')}
        GROUP BY 1, 2, 3, 4, 5) AS alike
      GROUP BY direction, beginning, country, change`,
  });

interface LoadedDeck extends TrunkDeck {
  /** When its rates begin. */
  begins: readonly number[];
  /** The digits of its longest prefix. */
  longest: number;
}

const longestPrefix = (decks: readonly LoadedDeck[]): number => Math.max(0, ...decks.map(({ longest }) => longest));

/** When a rate of any deck begins: calls on both sides of it are not alike. */
const changesOf = (decks: readonly LoadedDeck[]): string[] =>
  [...new Set(decks.flatMap(({ begins }) => begins))].sort((a, b) => a - b).map((ms) => new Date(ms).toISOString());

const extentOf = (rows: readonly RateRow[]) => ({
  begins: [...new Set(rows.map(({ from }) => from))],
  longest: rows.reduce((most, { prefix }) => Math.max(most, prefix.length), 0),
});

async function loadDecks(runner: QueryRunner, organizationId: string): Promise<LoadedDeck[]> {
  const decks: { trunk_id: string; currency: string }[] = await runner.query(
    'SELECT trunk_id, currency FROM rate_decks WHERE organization_id = $1 ORDER BY trunk_id',
    [organizationId],
  );
  const loaded: LoadedDeck[] = [];
  for (const { trunk_id, currency } of decks) {
    const rows: RateRow[] = await runner.query(
      `SELECT direction, prefix, extract(epoch FROM effective_from)::float8 * 1000 AS "from", rate_micros, increments,
        minimum_seconds FROM deck_rates WHERE organization_id = $1 AND trunk_id = $2`,
      [organizationId, trunk_id],
    );
    const deck = new Deck(rows.map((row) => ({ ...row, rate_micros: BigInt(row.rate_micros) })));
    loaded.push({ trunk_id, currency, deck, ...extentOf(rows) });
  }
  return loaded;
}
