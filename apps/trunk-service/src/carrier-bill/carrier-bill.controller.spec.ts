import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { CarrierBillRequest, Difference, Reconciliation } from '@trunkmesh/contracts/carrier-bill.js';
import { CARRIER_BILL } from '@trunkmesh/contracts/subjects.js';
import type { Mesh } from '../mesh.fixture.js';
import { startMeshAndOthers, type Others } from '../others.fixture.js';

const FORMATS = '/api/v1/usage/carrier-formats';
const RECONCILIATIONS = '/api/v1/usage/reconciliations';
const ID = '0190a5b2-7c00-7000-8000-0000000000cc';
const CSV = { 'Content-Type': 'text/csv' };
const FILE = 'from,to,start,duration,cost\n';
const line = (n: number) => `+15559876543,+15551234567,2026-11-23 10:00:${String(n % 60).padStart(2, '0')},61,0.01\n`;
let mesh: Mesh;
let others: Others;
let stop: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ mesh, others, stop } = await startMeshAndOthers());
}, 60_000);
afterAll(() => stop?.());
afterEach(() => others.silence());

const reconciliation = (of: { organization_id: string; id: string }): Reconciliation => ({
  id: of.id,
  organization_id: of.organization_id,
  name: '',
  format: 'generic',
  trunk_ids: null,
  tolerance_seconds: 60,
  time_is: 'start',
  status: 'receiving',
  progress: { done: 0, total: 0 },
  rows: 0,
  skipped_rows: 0,
  period: null,
  time_shift_seconds: 0,
  groups: [],
  notes: [],
  problem: null,
  created_at: '2026-12-01T00:00:00.000Z',
  finished_at: null,
});
const difference = (n: number): Difference => ({
  difference_id: String(n),
  kind: 'only-theirs',
  cause: null,
  call_id: null,
  trunk_id: null,
  from_number: '=HYPERLINK("http://example.com")',
  to_number: '+15551234567',
  our_time: null,
  our_seconds: null,
  their_line: n,
  their_reference: null,
  their_time: '2026-11-23T10:00:00.000Z',
  their_seconds: 61,
  amount_micros: '10000',
  currency: 'USD',
  call_sid: null,
});

/** The observer, as far as it has a part in a test. */
function observer(over: Partial<Record<CarrierBillRequest['ask'], object>> = {}): Promise<CarrierBillRequest[]> {
  const usual = (request: CarrierBillRequest): object => {
    if (request.ask === 'rows' || request.ask === 'delete') return { outcome: 'done' };
    if (request.ask === 'list') return { outcome: 'reconciliations', items: [], next: null };
    if (request.ask !== 'differences') return { outcome: 'reconciliation', reconciliation: reconciliation(request) };
    const first = Number(request.after ?? 0) + 1;
    const items = [difference(first), difference(first + 1)].slice(0, request.limit);
    return { outcome: 'differences', items, next: first < 5 ? items.at(-1)!.difference_id : null };
  };
  return others.answer<CarrierBillRequest>(CARRIER_BILL, (request) => over[request.ask] ?? usual(request));
}
const asks = (asked: readonly CarrierBillRequest[]) => asked.map(({ ask }) => ask);

describe("formats of carriers' files", () => {
  const body = { columns: { from: 'A', to: ['B', 'C'], time: 'T', duration: 'D' }, time_zone: 'europe/berlin' };

  it('are presets, and those that an admin sets', async () => {
    const { admin, member } = await mesh.organization();
    expect((await member('GET', FORMATS)).body).toMatchObject([
      { name: 'bandwidth', preset: true, confirmed: true },
      { name: 'generic' },
      { name: 'plivo' },
      { name: 'telnyx' },
      { name: 'twilio', confirmed: false },
      { name: 'vonage' },
    ]);
    const put = await admin('PUT', `${FORMATS}/twilio`, body);
    expect(put).toMatchObject({
      status: 200,
      body: {
        name: 'twilio',
        preset: false,
        time_zone: 'Europe/Berlin',
        columns: { from: ['A'], to: ['B', 'C'], amount: null },
      },
    });
    expect((await member('GET', `${FORMATS}/twilio`)).body).toEqual(put.body);
    expect((await member('GET', FORMATS)).body).toHaveLength(6);
    expect(await admin('DELETE', `${FORMATS}/twilio`)).toMatchObject({ status: 204 });
    expect((await member('GET', `${FORMATS}/twilio`)).body).toMatchObject({ preset: true });
    expect(await admin('DELETE', `${FORMATS}/twilio`)).toMatchObject({ status: 404 });
    expect(await member('GET', `${FORMATS}/nobody`)).toMatchObject({
      status: 404,
      body: { code: 'carrier-format-not-found' },
    });
  });

  it('are nothing of another organisation, and an admin alone sets them', async () => {
    const [one, other] = [await mesh.organization(), await mesh.organization()];
    await one.admin('PUT', `${FORMATS}/ours`, body);
    for (const key of [other.admin, other.member, other.publisher])
      expect(await key('GET', `${FORMATS}/ours`)).toMatchObject({ status: 404 });
    expect(await other.admin('DELETE', `${FORMATS}/ours`)).toMatchObject({ status: 404 });
    expect(await one.member('PUT', `${FORMATS}/ours`, body)).toMatchObject({ status: 403 });
    expect(await one.member('DELETE', `${FORMATS}/ours`)).toMatchObject({ status: 403 });
    expect(await one.admin('GET', `${FORMATS}/ours`)).toMatchObject({ status: 200 });
  });

  it.each([
    ['x', {}],
    ['x', { ...body, time_format: 'soon' }],
    ['x', { ...body, time_zone: 'Mars' }],
    ['x', { ...body, columns: { ...body.columns, amount: 'Cost' } }],
    ['x', { ...body, surprise: 1 }],
    ['Not-a-name', body],
  ])('PUT %s %j is refused', async (name, wrong) => {
    const { admin } = await mesh.organization();
    expect(await admin('PUT', `${FORMATS}/${name}`, wrong)).toMatchObject({ status: 400 });
  });
});

describe('POST /api/v1/usage/reconciliations', () => {
  const path = (query = '') => `${RECONCILIATIONS}?format=generic${query}`;

  it("sends the file's calls in parts, and then has them compared", async () => {
    const { id, admin } = await mesh.organization();
    const asked = await observer();
    const file = FILE + Array.from({ length: 1_500 }, (_none, index) => line(index)).join('');
    const query = `&name=november.csv&trunk_id=${ID}&tolerance_seconds=5&date_from=2026-11-01&date_to=2026-11-30`;
    const answer = await admin('POST', path(query), file, CSV);
    expect(answer).toMatchObject({ status: 202, body: { organization_id: id } });
    expect(answer.headers.get('Location')).toBe(`${RECONCILIATIONS}/${answer.body.id}`);
    expect(asks(asked)).toEqual(['begin', 'rows', 'rows', 'match']);
    expect(asked[0]).toMatchObject({
      organization_id: id,
      name: 'november.csv',
      trunk_ids: [ID],
      tolerance_seconds: 5,
      period: { from: Date.parse('2026-11-01') / 1000, to: Date.parse('2026-12-01') / 1000 - 1 },
    });
    expect((asked[2] as { rows: unknown[] }).rows).toHaveLength(500);
  });

  it("is for whole days of the organisation's time zone", async () => {
    const { id, admin } = await mesh.organization();
    await admin('PATCH', `/api/v1/organizations/${id}`, { time_zone: 'Europe/Berlin' });
    const asked = await observer();
    await admin('POST', path('&date_from=2026-10-25&date_to=2026-10-25'), FILE + line(1), CSV);
    const secondsOf = (time: string) => Date.parse(time) / 1000;
    expect(asked[0]).toMatchObject({
      period: { from: secondsOf('2026-10-24T22:00:00Z'), to: secondsOf('2026-10-25T22:59:59Z') },
    });
  });

  it('refuses a file with lines that cannot be read, names them, and keeps nothing; or skips them', async () => {
    const { admin } = await mesh.organization();
    const asked = await observer();
    const file = `${FILE}${line(1)}+15559876543,+15551234567,yesterday,x,0\n`;
    expect(await admin('POST', path(), file, CSV)).toMatchObject({
      status: 422,
      body: {
        code: 'import-has-errors',
        errors: [
          { line: 3, column: 'start' },
          { line: 3, column: 'duration' },
        ],
      },
    });
    expect(asks(asked.splice(0))).toEqual(['begin', 'delete']);
    expect(await admin('POST', path('&on_problem=skip'), file, CSV)).toMatchObject({ status: 202 });
    expect(asked.at(-1)).toMatchObject({ ask: 'match', skipped_rows: 1 });
  });

  it('ends where it was stopped, and where nobody takes the calls', async () => {
    const { admin } = await mesh.organization();
    let asked = await observer({ rows: { outcome: 'wrong-state', status: 'stopped' } });
    expect(await admin('POST', path(), FILE + line(1), CSV)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(asks(asked)).toEqual(['begin', 'rows']);
    others.silence();
    asked = await observer({ rows: { outcome: 'error', code: 'unavailable', message: 'gone' } });
    expect(await admin('POST', path(), FILE + line(1), CSV)).toMatchObject({ status: 503 });
    expect(asks(asked)).toEqual(['begin', 'rows', 'rows', 'rows', 'delete']);
    others.silence();
    await observer({ begin: { outcome: 'too-many', most: 200 } });
    expect(await admin('POST', path(), FILE, CSV)).toMatchObject({ status: 403, body: { code: 'quota-exceeded' } });
  });

  it('refuses what is no such file or request', async () => {
    const { admin, member } = await mesh.organization();
    await observer();
    expect(await member('POST', path(), FILE, CSV)).toMatchObject({ status: 403 });
    expect(await admin('POST', path(), {})).toMatchObject({ status: 415 });
    // Whatever was sent of it, the answer arrives.
    for (const rest of ['', 'x,y\n'.repeat(2_000_000)])
      expect(await admin('POST', path(), `a,b\n${rest}`, CSV)).toMatchObject({ status: 400 });
    expect(await admin('POST', `${RECONCILIATIONS}?format=nobody`, FILE, CSV)).toMatchObject({ status: 404 });
    for (const wrong of ['&tolerance_seconds=-1', '&trunk_id=x', '&surprise=1', '&on_problem=perhaps'])
      expect(await admin('POST', path(wrong), FILE, CSV)).toMatchObject({ status: 400 });
  });
});

describe('a reconciliation', () => {
  const routes = [
    ['GET', RECONCILIATIONS],
    ['GET', `${RECONCILIATIONS}/${ID}`],
    ['GET', `${RECONCILIATIONS}/${ID}/differences`],
    ['POST', `${RECONCILIATIONS}/${ID}/stop`],
    ['DELETE', `${RECONCILIATIONS}/${ID}`],
  ] as const;

  it("is asked for with the key's own organisation, whatever else is said", async () => {
    const [{ id }, other] = [await mesh.organization(), await mesh.organization()];
    const asked = await observer();
    for (const headers of [{ 'X-Organization-Id': id }, {} as Record<string, string>]) {
      for (const [method, path] of routes) await other.admin(method, path, undefined, headers);
      await other.admin('POST', `${RECONCILIATIONS}?format=generic`, FILE + line(1), { ...CSV, ...headers });
    }
    expect(asks(asked)).toEqual(['list', 'get', 'differences', 'stop', 'delete', 'begin', 'rows', 'match']);
    expect(new Set(asked.map((request) => request.organization_id))).toEqual(new Set([other.id]));
    const nothing = { outcome: 'not-found' };
    others.silence();
    await observer({ get: nothing, stop: nothing, delete: nothing, differences: nothing });
    for (const [method, path] of routes.slice(1))
      expect(await other.admin(method, path)).toMatchObject({
        status: 404,
        body: { code: 'reconciliation-not-found' },
      });
    for (const [method, path] of routes.slice(3))
      expect(await other.member(method, path)).toMatchObject({ status: 403 });
    expect(await other.admin('GET', `${RECONCILIATIONS}/x`)).toMatchObject({ status: 404 });
  });

  it('has its differences in pages, and as CSV whose cells are no formulas', async () => {
    const { member } = await mesh.organization();
    const asked = await observer();
    const path = `${RECONCILIATIONS}/${ID}/differences`;
    const first = await member('GET', `${path}?limit=2&kind=only-theirs&cause=billed-twice`);
    expect(first.body).toMatchObject({ items: [{ difference_id: '1' }, { difference_id: '2' }] });
    await member('GET', `${path}?cursor=${first.body.next_cursor}`);
    expect(asked).toMatchObject([{ kind: 'only-theirs', cause: 'billed-twice', limit: 2 }, { after: '2' }]);
    const csv = await member('GET', path, undefined, { Accept: 'text/csv' });
    const lines = (csv.body as string).trimEnd().split('\r\n');
    expect(lines).toHaveLength(7);
    expect(lines[1]).toContain(`"'=HYPERLINK(""http://example.com"")"`);
    expect(await member('GET', `${path}?kind=all`)).toMatchObject({ status: 400 });
  });
});
