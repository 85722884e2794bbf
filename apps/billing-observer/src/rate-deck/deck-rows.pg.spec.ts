import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { rateDeckAnswer, type DeckImport, type DeckRate } from '@trunkmesh/contracts/rate-deck.js';
import { callEnded, ORG } from '@trunkmesh/testkit/call-events.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import { emptied, freshDatabase, record } from '../call-log/call-log.fixture.js';
import { carrierCosts } from './carrier-costs.pg.js';
import { commitImport, deleteDeck, keepImportRates, listDecks, listRates } from './deck-rows.pg.js';

const id = (n: number) => `0190a5b2-7c00-7000-8000-0000000000${String(n).padStart(2, '0')}`;
const [OTHER_ORG, CHEAP, DEAR] = [id(90), id(1), id(2)];
let imports = 10;
let postgres: Postgres;
let db: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  ({ db } = await freshDatabase(postgres));
}, 60_000);
afterAll(async () => {
  await db?.destroy();
  await postgres?.stop();
});
beforeEach(async () => {
  await emptied(db);
  await db.query('DELETE FROM rate_decks');
});

const rate = (prefix: string, micros: number, over: Partial<DeckRate> = {}): DeckRate => ({
  direction: 'outbound',
  prefix,
  effective_from: '2026-01-01T00:00:00.000Z',
  rate_per_minute_micros: String(micros),
  increments: '60/60',
  minimum_seconds: 0,
  ...over,
});

async function imported(trunk_id: string, rates: readonly DeckRate[], over: object = {}): Promise<DeckImport> {
  const of = { organization_id: ORG, trunk_id, import_id: id((imports += 1)), ...over };
  await keepImportRates(db, { ask: 'rates-of-import', ...of, rates: [...rates] });
  await keepImportRates(db, { ask: 'rates-of-import', ...of, rates: [...rates] });
  const terms = { currency: 'USD', dry_run: false, replace: true };
  const answer = rateDeckAnswer.parse(await commitImport(db, { ask: 'commit', ...terms, ...of, ...over }));
  if (answer.outcome !== 'imported') throw new Error(answer.outcome);
  return answer.import;
}
async function rates(trunk_id: string, organization_id = ORG) {
  const answer = await listRates(db, { ask: 'rates', organization_id, trunk_id, limit: 100 });
  return answer.outcome === 'rates'
    ? answer.items.map((one) => [one.prefix, one.rate_per_minute_micros])
    : answer.outcome;
}

describe('rate decks', () => {
  it('are imported as a whole, added to, and tried without a change', async () => {
    expect(await imported(CHEAP, [rate('49', 10), rate('1', 5)])).toMatchObject({ added: 2, removed: 0 });
    const next = [rate('49', 20), rate('44', 7)];
    const dry = { dry_run: true };
    expect(await imported(CHEAP, next, dry)).toEqual({ dry_run: true, added: 1, changed: 1, unchanged: 0, removed: 1 });
    expect(await rates(CHEAP)).toEqual([
      ['1', '5'],
      ['49', '10'],
    ]);
    expect(await imported(CHEAP, next, { replace: false })).toMatchObject({ added: 1, changed: 1, removed: 0 });
    expect(await rates(CHEAP)).toHaveLength(3);
    expect(await imported(CHEAP, next)).toMatchObject({ added: 0, changed: 0, unchanged: 2, removed: 1 });
    expect(await rates(CHEAP)).toEqual([
      ['44', '7'],
      ['49', '20'],
    ]);
    expect(await db.query('SELECT FROM deck_import_rates')).toEqual([]);
    const decks = await listDecks(db, { ask: 'decks', organization_id: ORG });
    expect(rateDeckAnswer.parse(decks)).toMatchObject({ decks: [{ trunk_id: CHEAP, currency: 'USD', rates: 2 }] });
  });

  it('come in pages', async () => {
    await imported(CHEAP, [rate('1', 1), rate('1', 2, { effective_from: '2026-06-01T00:00:00.000Z' }), rate('2', 3)]);
    const found: string[] = [];
    for (let after; ;) {
      const page = await listRates(db, { ask: 'rates', organization_id: ORG, trunk_id: CHEAP, limit: 2, after });
      if (page.outcome !== 'rates') throw new Error(page.outcome);
      found.push(...page.items.map((one) => one.rate_per_minute_micros));
      if (page.next === null) break;
      after = page.next;
    }
    expect(found).toEqual(['1', '2', '3']);
  });

  it('are of one organisation', async () => {
    await imported(CHEAP, [rate('49', 10)]);
    await imported(CHEAP, [rate('33', 1)], { organization_id: OTHER_ORG });
    expect(await rates(CHEAP)).toEqual([['49', '10']]);
    expect(await rates(DEAR)).toBe('not-found');
    const of = { ask: 'delete' as const, trunk_id: CHEAP };
    expect(await deleteDeck(db, { ...of, organization_id: OTHER_ORG })).toEqual({ outcome: 'done' });
    expect(await deleteDeck(db, { ...of, organization_id: OTHER_ORG })).toEqual({ outcome: 'not-found' });
    expect(await rates(CHEAP)).toEqual([['49', '10']]);
    const costs = await carrierCosts(db, { organization_id: OTHER_ORG, month: '2026-11' });
    expect(costs).toMatchObject({ calls: 0, trunks: [], cheapest_trunk_id: null });
  });
});

describe('what a month would have cost', () => {
  const outbound = (n: number, to: string, billable_ms: number, over: Partial<CallEnded['data']> = {}): CallEnded => ({
    ...callEnded(n),
    data: { ...callEnded(n).data, direction: 'outbound', from: '+15551234567', to, billable_ms, ...over },
  });

  it('is estimated on each deck, with the calls that a deck does not cover', async () => {
    await record(db, [
      outbound(1, '+4930555123', 61_000),
      outbound(2, '+4915555123', 30_000),
      outbound(3, '+4420555123', 60_000),
      outbound(4, '+4930555123', 0, { answered_at: null }),
      outbound(5, '+4930555123', 60_000, { started_at: '2026-10-31T22:59:59.999Z' }),
      outbound(6, '+4930555123', 60_000, { started_at: '2026-10-31T23:00:00.000Z' }),
      outbound(7, '+15551234567', 60_000, { direction: 'inbound', from: '+4930555123' }),
    ]);
    await db.query(
      "INSERT INTO usage_time_zones (organization_id, version, time_zone) VALUES ($1, 1, 'Europe/Berlin')",
      [ORG],
    );
    await imported(DEAR, [
      rate('49', 20_000),
      rate('44', 20_000),
      rate('1', 1_000, { direction: 'inbound', increments: '1/1' }),
    ]);
    await imported(CHEAP, [rate('49', 10_000), rate('4915', 30_000, { increments: '1/1' })]);
    const costs = await carrierCosts(db, { organization_id: ORG, month: '2026-11' });
    expect(rateDeckAnswer.parse({ outcome: 'costs', costs })).toBeDefined();
    expect(costs).toEqual({
      month: '2026-11',
      time_zone: 'Europe/Berlin',
      calls: 5,
      common_calls: 3,
      estimate: true,
      cheapest_trunk_id: CHEAP,
      trunks: [
        {
          trunk_id: CHEAP,
          currency: 'USD',
          calls: 3,
          billable_seconds: 151,
          estimated_carrier_cost_micros: '45000',
          common_estimated_carrier_cost_micros: '45000',
          not_covered_calls: 2,
          not_covered: expect.arrayContaining([
            { direction: 'outbound', country: 'GB', calls: 1, billable_seconds: 60, example: '+4420555123' },
            { direction: 'inbound', country: 'US', calls: 1, billable_seconds: 60, example: '+15551234567' },
          ]),
        },
        {
          trunk_id: DEAR,
          currency: 'USD',
          calls: 5,
          billable_seconds: 271,
          estimated_carrier_cost_micros: '101000',
          common_estimated_carrier_cost_micros: '80000',
          not_covered_calls: 0,
          not_covered: [],
        },
      ],
    });
    // Nothing of it is in the ledger.
    expect(await db.query("SELECT FROM ledger_entries WHERE amount_micros <> 0 OR carrier_cost <> 'external'")).toEqual(
      [],
    );
  });

  it('counts calls that are alike, apart from those before and after a rate begins', async () => {
    const later = { effective_from: '2026-11-15T00:00:00.000Z' };
    await record(db, [
      ...[1, 2, 3].map((n) => outbound(n, '+4930555123', 61_000, { started_at: '2026-11-14T23:59:59.999Z' })),
      ...[4, 5].map((n) => outbound(n, '+4930555123', 61_000, { started_at: later.effective_from })),
    ]);
    await imported(CHEAP, [rate('49', 10_000), rate('49', 1_000, later), rate('44', 1)]);
    const costs = await carrierCosts(db, { organization_id: ORG, month: '2026-11' });
    expect(costs.trunks).toMatchObject([
      { calls: 5, billable_seconds: 305, estimated_carrier_cost_micros: String(3 * 20_000 + 2 * 2_000) },
    ]);
    expect(costs).toMatchObject({ calls: 5, common_calls: 5 });
  });

  it('names the countries of calls that are not covered, also where their numbers begin alike', async () => {
    const numbers = ['+12425551234', '+12125551234', '+12425559999', '+870773000000', 'anonymous'];
    await record(
      db,
      numbers.map((to, index) => outbound(index + 1, to, 60_000)),
    );
    await imported(CHEAP, [rate('49', 10_000), rate('4930', 10_000)]);
    const { trunks } = await carrierCosts(db, { organization_id: ORG, month: '2026-11' });
    const found = trunks[0]!.not_covered.map(({ country, calls, example }) => [country, calls, example]);
    expect(found.toSorted()).toEqual([
      [null, 1, 'anonymous'],
      ['001', 1, '+870773000000'],
      ['BS', 2, '+12425551234'],
      ['US', 1, '+12125551234'],
    ]);
  });

  it('names no cheapest trunk where the currencies differ', async () => {
    await record(db, [outbound(1, '+4930555123', 61_000)]);
    await imported(DEAR, [rate('49', 20_000)]);
    await imported(CHEAP, [rate('49', 10_000)], { currency: 'EUR' });
    const costs = await carrierCosts(db, { organization_id: ORG, month: '2026-11' });
    expect(costs).toMatchObject({ common_calls: 1, cheapest_trunk_id: null });
  });
});
