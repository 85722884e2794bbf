import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeckRate, RateDeckRequest } from '@trunkmesh/contracts/rate-deck.js';
import { RATE_DECK } from '@trunkmesh/contracts/subjects.js';
import type { Api, Mesh } from '../mesh.fixture.js';
import { startMeshAndOthers, type Others } from '../others.fixture.js';

const DECKS = '/api/v1/usage/rate-decks';
const COSTS = '/api/v1/usage/carrier-costs?month=2026-11';
const CSV = { 'Content-Type': 'text/csv' };
const FILE = 'prefix,rate_per_minute,increments\n49,0.01,60/60\n4915,0.03,1/1\n';
const NOBODY = '0190a5b2-7c00-7000-8000-0000000000dd';
let mesh: Mesh;
let others: Others;
let stop: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ mesh, others, stop } = await startMeshAndOthers());
}, 60_000);
afterAll(() => stop?.());
afterEach(() => others.silence());

const rate: DeckRate = {
  direction: 'outbound',
  prefix: '49',
  effective_from: '2000-01-01T00:00:00.000Z',
  rate_per_minute_micros: '10000',
  increments: '60/60',
  minimum_seconds: 0,
};
const counts = { dry_run: false, added: 2, changed: 0, unchanged: 0, removed: 0 };
const costs = {
  month: '2026-11',
  time_zone: 'UTC',
  calls: 0,
  common_calls: 0,
  estimate: true,
  trunks: [],
  cheapest_trunk_id: null,
};
const USUAL: Record<RateDeckRequest['ask'], object> = {
  'rates-of-import': { outcome: 'done' },
  commit: { outcome: 'imported', import: counts },
  decks: { outcome: 'decks', decks: [] },
  rates: { outcome: 'rates', items: [rate], next: null },
  delete: { outcome: 'done' },
  costs: { outcome: 'costs', costs },
};

const observer = (over: Partial<typeof USUAL> = {}) =>
  others.answer<RateDeckRequest>(RATE_DECK, ({ ask }) => ({ ...USUAL, ...over })[ask]);
const newTrunk = async (admin: Api) =>
  (await admin('POST', '/api/v1/sip-trunks', { name: 'Carrier', gateway: '192.0.2.7', register: false })).body
    .id as string;

describe('rate decks', () => {
  it('are imported as CSV, all at once, and exported as it', async () => {
    const { id, admin, member } = await mesh.organization();
    const trunk = await newTrunk(admin);
    const asked = await observer();
    const query = '?currency=USD&mode=merge&dry_run=true';
    expect(await admin('PUT', `${DECKS}/${trunk}${query}`, FILE, CSV)).toMatchObject({ status: 200, body: counts });
    expect(asked).toMatchObject([
      { ask: 'rates-of-import', organization_id: id, trunk_id: trunk, rates: [rate, { prefix: '4915' }] },
      { ask: 'commit', organization_id: id, trunk_id: trunk, currency: 'USD', dry_run: true, replace: false },
    ]);
    expect((await member('GET', `${DECKS}/${trunk}`)).body).toEqual({ items: [rate], next_cursor: null });
    const csv = await member('GET', `${DECKS}/${trunk}`, undefined, { Accept: 'text/csv' });
    expect(csv.body).toBe(
      'direction,prefix,effective_from,rate_per_minute,increments,minimum_seconds\r\n' +
        'outbound,49,2000-01-01T00:00:00.000Z,0.01,60/60,0\r\n',
    );
    expect(await admin('PUT', `${DECKS}/${trunk}?currency=USD`, csv.body, CSV)).toMatchObject({ status: 200 });
    expect((await member('GET', COSTS)).body).toEqual(costs);
  });

  it('are refused as a whole, with each line that is wrong', async () => {
    const { admin } = await mesh.organization();
    const path = `${DECKS}/${await newTrunk(admin)}?currency=USD`;
    const asked = await observer();
    expect(await admin('PUT', path, `${FILE}49,0.02,60/60\nx,free,60/60\n`, CSV)).toMatchObject({
      status: 422,
      body: {
        code: 'import-has-errors',
        errors: [
          { line: 4, column: 'prefix', detail: expect.stringMatching(/^line 2 has a rate for the same/) },
          { line: 5, column: 'prefix' },
          { line: 5, column: 'rate_per_minute' },
        ],
      },
    });
    for (const wrong of ['a,b\n', `${FILE}"x`, `${FILE}${'9'.repeat(10_000)}\n`])
      expect(await admin('PUT', path, wrong, CSV)).toMatchObject({ status: 422, body: { errors: [{ column: null }] } });
    expect(await admin('PUT', path, `${FILE}\0\n`, CSV)).toMatchObject({ status: 400 });
    expect(await admin('PUT', path, {})).toMatchObject({ status: 415 });
    expect(await admin('PUT', path.replace('USD', 'dollars'), FILE, CSV)).toMatchObject({ status: 400 });
    expect(asked).toEqual([]);
  });

  it('are those of the key itself, whatever else is said', async () => {
    const [one, other] = [await mesh.organization(), await mesh.organization()];
    const trunk = await newTrunk(one.admin);
    const asked = await observer();
    for (const headers of [{ 'X-Organization-Id': one.id }, {} as Record<string, string>]) {
      expect(
        (await other.admin('PUT', `${DECKS}/${trunk}?currency=USD`, FILE, { ...CSV, ...headers })).status,
      ).not.toBe(200);
      for (const path of [DECKS, `${DECKS}/${trunk}`, COSTS]) await other.member('GET', path, undefined, headers);
      await other.admin('DELETE', `${DECKS}/${trunk}`, undefined, headers);
    }
    expect(asked.map(({ ask }) => ask)).toEqual(['decks', 'rates', 'costs', 'delete']);
    expect(new Set(asked.map((request) => request.organization_id))).toEqual(new Set([other.id]));
    expect(await one.member('PUT', `${DECKS}/${trunk}?currency=USD`, FILE, CSV)).toMatchObject({ status: 403 });
    expect(await one.member('DELETE', `${DECKS}/${trunk}`)).toMatchObject({ status: 403 });
    expect(await one.admin('PUT', `${DECKS}/${NOBODY}?currency=USD`, FILE, CSV)).toMatchObject({ status: 404 });
  });

  it('that are not there, and too many rates, are refused', async () => {
    const { admin } = await mesh.organization();
    const trunk = await newTrunk(admin);
    await observer({
      rates: { outcome: 'not-found' },
      delete: { outcome: 'not-found' },
      commit: { outcome: 'too-many', most: 500_000 },
    });
    const notFound = { status: 404, body: { code: 'rate-deck-not-found' } };
    expect(await admin('GET', `${DECKS}/${trunk}`)).toMatchObject(notFound);
    expect(await admin('GET', `${DECKS}/x`)).toMatchObject(notFound);
    expect(await admin('DELETE', `${DECKS}/${trunk}`)).toMatchObject(notFound);
    expect(await admin('PUT', `${DECKS}/${trunk}?currency=USD`, FILE, CSV)).toMatchObject({
      status: 403,
      body: { code: 'quota-exceeded' },
    });
    expect(await admin('GET', COSTS.replace('11', '13'))).toMatchObject({ status: 400 });
  });
});
