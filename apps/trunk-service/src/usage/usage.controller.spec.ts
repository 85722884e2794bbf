import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CALL_LOG_LIST,
  USAGE_ANSWERED_TRUNKS,
  USAGE_EXPORT,
  USAGE_RECORDS,
  USAGE_STATEMENT,
  USAGE_SUMMARY,
} from '@trunkmesh/contracts/subjects.js';
import type { UsageExportQuery } from '@trunkmesh/contracts/usage-export.js';
import {
  usageRecordsQuery,
  usageSummaryQuery,
  type LedgerEntry,
  type UsageRecordsAnswer,
  type UsageRecordsQuery,
} from '@trunkmesh/contracts/usage-query.js';
import { sendPiece } from '@trunkmesh/requests/ask-in-pieces.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { summaryOf } from '../calls/calls.fixture.js';
import type { Mesh } from '../mesh.fixture.js';
import { startMeshAndOthers, type Others } from '../others.fixture.js';

const RECORDS = '/api/v1/usage/records';
const SUMMARY = '/api/v1/usage/summary';
const CALL = '11111111-1111-4111-8111-000000000001';
let mesh: Mesh;
let others: Others;
let stop: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ mesh, others, stop } = await startMeshAndOthers());
}, 60_000);
afterAll(() => stop?.());
afterEach(() => others.silence());

const play = <Request>(subject: string, answer: (request: Request) => unknown): Promise<Request[]> =>
  others.answer<Request>(subject, async (request) => {
    const { lines: text, ...told } = (await answer(request)) as { lines?: string };
    return text === undefined ? told : `${JSON.stringify(told)}\n${text}`;
  });

const started_at = '2026-11-23T00:44:09.871000Z';
const entry = (n: number, organization_id: string): LedgerEntry => ({
  entry_id: String(n),
  kind: 'call',
  corrects: null,
  reason: null,
  call_sid: `CA${CALL.replaceAll('-', '')}`,
  call_id: CALL,
  organization_id,
  trunk_id: null,
  number_id: null,
  bridge_id: 'bridge-1',
  direction: 'inbound',
  from_number: '+15559876543',
  to_number: '+15551234567',
  country: 'US',
  started_at,
  answered_at: started_at,
  ended_at: started_at,
  billable_ms: 4020,
  billable_seconds: 5,
  hangup_cause: 'NORMAL_CLEARING',
  sip_status: 200,
  estimated: false,
  carrier_cost: 'external',
  plan_from: null,
  currency: null,
  rate_per_minute_micros: null,
  charged_seconds: 0,
  amount_micros: '0',
  recorded_at: started_at,
});
/** A ledger of so many entries, of which a message holds 700. */
const ledger =
  (total: number) =>
  ({ organization_id, limit, after }: UsageRecordsQuery): UsageRecordsAnswer => {
    const first = after === undefined ? total : Number(after.entry_id) - 1;
    const count = Math.min(first, limit, 700);
    const records = Array.from({ length: count }, (_, index) => entry(first - index, organization_id));
    const last = records.at(-1);
    const next = last === undefined || last.entry_id === '1' ? null : { started_at, entry_id: last.entry_id };
    return { outcome: 'records', records, next, complete_from: null, incomplete: false, gap_accepted: false };
  };
/** The same as lines, 1,000 in a message. */
const lines =
  (total: number, complete_from: string | null = null) =>
  ({ after }: UsageExportQuery) => {
    const first = after === undefined ? total : Number(after.entry_id) - 1;
    const last = Math.max(first - 999, 1);
    const text = Array.from({ length: first - last + 1 }, (_, index) => `${first - index},call\r\n`).join('');
    const next = last === 1 ? null : { started_at, entry_id: String(last) };
    return { outcome: 'part' as const, lines: text, next, complete_from, incomplete: false, gap_accepted: false };
  };
const cursor = (n: number) => ({ started_at, entry_id: String(n) });

/** Of a file's lines, after the head. */
const idsOf = (csv: string) =>
  csv
    .trimEnd()
    .split('\r\n')
    .slice(1)
    .map((text) => Number(text.split(',')[0]));

describe('GET /api/v1/usage/records', () => {
  it("asks for the key's own organisation, page by page", async () => {
    const { id, member } = await mesh.organization();
    const asked = await play(USAGE_RECORDS, ledger(5));
    const first = await member(
      'GET',
      `${RECORDS}?limit=3&country=de&direction=outbound&date_to=2026-11-30&estimated=true`,
    );
    expect(first.body.items.map((item: LedgerEntry) => item.entry_id)).toEqual(['5', '4', '3']);
    expect(usageRecordsQuery.parse(asked[0])).toEqual({
      organization_id: id,
      limit: 3,
      country: 'DE',
      direction: 'outbound',
      date_to: '2026-11-30T23:59:59.999Z',
      estimated: true,
    });
    const second = await member(
      'GET',
      `${RECORDS}?limit=3&call_sid=CA${CALL.replaceAll('-', '')}&cursor=${first.body.next_cursor}`,
    );
    expect(second.body).toMatchObject({ items: [{ entry_id: '2' }, { entry_id: '1' }], next_cursor: null });
    expect(asked[1]).toMatchObject({ call_id: CALL, after: { started_at, entry_id: '3' } });
  });

  it('lists the entries of a closed statement, in the list and in the file, and of no other month', async () => {
    const { member } = await mesh.organization();
    const [listed, exported] = [await play(USAGE_RECORDS, ledger(0)), await play(USAGE_EXPORT, lines(0))];
    await play(USAGE_STATEMENT, () => ({ outcome: 'no-statement' }));
    expect(await member('GET', `${RECORDS}?statement=2026-11`)).toMatchObject({
      status: 404,
      body: { code: 'statement-not-found' },
    });
    expect(await member('GET', `${RECORDS}?statement=november`)).toMatchObject({ status: 400 });
    expect([...listed, ...exported]).toEqual([]);
  });

  it("takes a date for that day in the organisation's time zone, in the list and in the file", async () => {
    const { id, admin, member } = await mesh.organization();
    await admin('PATCH', `/api/v1/organizations/${id}`, { time_zone: 'Europe/Berlin' });
    const [listed, exported] = [await play(USAGE_RECORDS, ledger(0)), await play(USAGE_EXPORT, lines(0))];
    // The days on which summer time begins and ends.
    await member('GET', `${RECORDS}?date_from=2026-03-29&date_to=2026-03-29`);
    await member('GET', `${RECORDS}?date_from=2026-10-25&date_to=2026-10-25`, undefined, { Accept: 'text/csv' });
    await member('GET', `${RECORDS}?date_from=2026-03-29T00:00:00Z&date_to=2026-03-29`);
    expect([...listed, ...exported]).toMatchObject([
      { date_from: '2026-03-28T23:00:00.000Z', date_to: '2026-03-29T21:59:59.999Z' },
      { date_from: '2026-03-29T00:00:00.000Z', date_to: '2026-03-29T21:59:59.999Z' },
      { date_from: '2026-10-24T22:00:00.000Z', date_to: '2026-10-25T22:59:59.999Z' },
    ]);
  });

  it("shows nobody another organisation's", async () => {
    const [{ id }, other] = [await mesh.organization(), await mesh.organization()];
    const asked = [await play(USAGE_RECORDS, ledger(1)), await play(USAGE_SUMMARY, () => ({ outcome: 'error' }))];
    const header = { 'X-Organization-Id': id };
    for (const path of [RECORDS, `${SUMMARY}?by=day`]) await other.admin('GET', path, undefined, header);
    for (const key of [other.admin, other.member, other.publisher]) await key('GET', RECORDS);
    expect(asked.flat().map((request) => (request as UsageRecordsQuery).organization_id)).not.toContain(id);
    expect(await other.member('GET', `${RECORDS}?organization_id=${id}`)).toMatchObject({ status: 400 });
  });

  it('as CSV is one file of all that match', async () => {
    const { id, member } = await mesh.organization();
    const asked = await play(USAGE_EXPORT, lines(2_500));
    const answer = await member('GET', `${RECORDS}?limit=7&country=001`, undefined, { Accept: 'text/csv' });
    expect(answer.headers.get('Content-Type')).toMatch(/^text\/csv/);
    const found = (answer.body as string).trimEnd().split('\r\n');
    expect(found[0]).toMatch(/^entry_id,kind,.*,carrier_cost,.*amount_micros/);
    expect(found.slice(1).map((text) => Number(text.split(',')[0]))).toEqual(
      Array.from({ length: 2_500 }, (_, index) => 2_500 - index),
    );
    expect(asked).toHaveLength(3);
    expect(asked[0]).toEqual({ organization_id: id, country: '001', in_pieces: true });
  });

  it('as CSV says in headers whether records are missing', async () => {
    const { member } = await mesh.organization();
    const headersOf = async () => {
      const { headers } = await member('GET', RECORDS, undefined, { Accept: 'text/csv' });
      return ['X-Usage-Incomplete', 'X-Usage-Gap-Accepted'].map((name) => headers.get(name));
    };
    let missing = {};
    await play(USAGE_EXPORT, () => ({ outcome: 'part', lines: '', next: null, complete_from: null, ...missing }));
    // An older billing-observer says nothing.
    expect(await headersOf()).toEqual(['false', 'false']);
    missing = { incomplete: true, gap_accepted: true };
    expect(await headersOf()).toEqual(['true', 'true']);
  });

  it('as CSV asks for the next two parts at once, where it is known where both begin', async () => {
    const { member } = await mesh.organization();
    let release = () => undefined as void;
    const askedForThird = new Promise<void>((resolve) => (release = resolve));
    const asked = await play(USAGE_EXPORT, async (request: UsageExportQuery) => {
      const part = lines(4_500)(request);
      if (request.after?.entry_id === '2501') release();
      // The second part is not answered before the third one is asked for.
      if (request.after?.entry_id === '3501') await askedForThird;
      const first = part.next === null ? 0 : Number(part.next.entry_id);
      return { ...part, ahead: first > 1_000 ? cursor(first - 1_000) : null };
    });
    const { body } = await member('GET', RECORDS, undefined, { Accept: 'text/csv' });
    expect(idsOf(body)).toEqual(Array.from({ length: 4_500 }, (_, index) => 4_500 - index));
    expect(asked.map(({ after }) => after?.entry_id)).toEqual([undefined, '3501', '2501', '1501', '501']);
  });

  it('as CSV leaves out what was asked for too early, where a part ended elsewhere', async () => {
    const { member } = await mesh.organization();
    await play(USAGE_EXPORT, (request: UsageExportQuery) => ({ ...lines(3_500)(request), ahead: cursor(700) }));
    const { body } = await member('GET', RECORDS, undefined, { Accept: 'text/csv' });
    expect(idsOf(body)).toEqual(Array.from({ length: 3_500 }, (_, index) => 3_500 - index));
  });

  it('as CSV takes the lines in pieces, and breaks off where one was lost', async () => {
    const { member } = await mesh.organization();
    let said = 1;
    await others.answer<UsageExportQuery>(USAGE_EXPORT, ({ after }, message) => {
      const isFirst = after === undefined;
      for (const lines of isFirst ? ['3,call\r\n', '2,ca', 'll\r\n'] : ['1,call\r\n'])
        sendPiece(message, Buffer.from(lines));
      const facts = { complete_from: null, incomplete: false, gap_accepted: false };
      const rest = isFirst ? { next: cursor(2), pieces: 3 } : { next: null, pieces: said };
      return { outcome: 'part', ...facts, ...rest };
    });
    const headers = { Accept: 'text/csv', Connection: 'keep-alive' };
    expect(idsOf((await member('GET', RECORDS, undefined, headers)).body)).toEqual([3, 2, 1]);
    said = 2;
    await expect(member('GET', RECORDS, undefined, headers)).rejects.toThrow();
  });

  it('as CSV is under way ten times at once for an organisation, and not more often', async () => {
    const [one, other] = [await mesh.organization(), await mesh.organization()];
    let release = () => undefined as void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const asked = await play(USAGE_EXPORT, async (request: UsageExportQuery) => {
      if (request.organization_id === one.id) await released;
      return { outcome: 'part', lines: '', next: null, complete_from: null };
    });
    const exported = ({ member }: typeof one) => member('GET', RECORDS, undefined, { Accept: 'text/csv' });
    const first = Array.from({ length: 10 }, () => exported(one));
    await eventually(() => asked.length === 10);
    const refused = await exported(one);
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
    expect(refused.headers.get('Retry-After')).toBe('30');
    expect(await exported(other)).toMatchObject({ status: 200 });
    release();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual(first.map(() => 200));
    expect(await eventually(async () => (await exported(one)).status === 200)).toBe(true);
  });

  it('as CSV breaks off where a part cannot be read', async () => {
    const { member } = await mesh.organization();
    let parts = 0;
    await play(USAGE_EXPORT, (request: UsageExportQuery) =>
      (parts += 1) > 3 ? { outcome: 'error', code: 'unavailable', message: 'gone' } : lines(5_000)(request),
    );
    // With "Connection: close" this client takes every end of a connection for the end of the file.
    const headers = { Accept: 'text/csv', Connection: 'keep-alive' };
    await expect(member('GET', RECORDS, undefined, headers)).rejects.toThrow();
  });

  it('says from when on entries are here, and names the file of those that are not', async () => {
    const { member } = await mesh.organization();
    const complete_from = '2026-02-01T00:00:00.000Z';
    const gone = { outcome: 'error', code: 'archived', message: 'The operator has them in usage-2026-01.csv.gz.' };
    const answer =
      (there: (request: UsageRecordsQuery) => object) =>
      (request: UsageRecordsQuery): object =>
        request.date_from?.startsWith('2026-01') === true ? gone : there(request);
    await play(
      USAGE_RECORDS,
      answer(() => ({ outcome: 'records', records: [], next: null, complete_from })),
    );
    await play(USAGE_EXPORT, answer(lines(1, complete_from)));
    const file = { Accept: 'text/csv' };
    const archived = { status: 410, body: { code: 'usage-archived' } };
    expect((await member('GET', RECORDS)).body).toEqual({
      items: [],
      next_cursor: null,
      complete_from,
      incomplete: false,
      gap_accepted: false,
    });
    expect(await member('GET', `${RECORDS}?date_from=2026-02-01`, undefined, file)).toMatchObject({ status: 200 });
    for (const headers of [{}, file])
      expect(await member('GET', `${RECORDS}?date_from=2026-01-01`, undefined, headers)).toMatchObject(archived);
    const all = await member('GET', RECORDS, undefined, file);
    expect(all).toMatchObject(archived);
    expect(all.body.detail).toContain(complete_from);
  });

  it('says that usage cannot be read while nobody answers', async () => {
    const { member } = await mesh.organization();
    const unavailable = { status: 503, body: { code: 'usage-unavailable' } };
    expect(await member('GET', RECORDS)).toMatchObject(unavailable);
    expect(await member('GET', RECORDS, undefined, { Accept: 'text/csv' })).toMatchObject(unavailable);
    expect(await member('GET', `${SUMMARY}?by=day`)).toMatchObject(unavailable);
  });

  it.each(['limit=0', 'cursor=nonsense', 'call_sid=x', 'country=XX', 'estimated=perhaps', 'surprise=1'])(
    'refuses %s',
    async (query) => {
      const { member } = await mesh.organization();
      expect(await member('GET', `${RECORDS}?${query}`)).toMatchObject({ status: 400 });
    },
  );
});

describe('GET /api/v1/usage/summary', () => {
  const summary = { by: 'day', time_zone: 'Europe/Berlin', from: '2026-11-01', to: '2026-11-30', groups: [] };

  it('asks with the days as they are given, and for the next page', async () => {
    const { id, member } = await mesh.organization();
    const next = { key: '2026-11-23', currency: 'USD', carrier_cost: 'external' };
    const asked = await play(USAGE_SUMMARY, () => ({ outcome: 'summary', ...summary, next }));
    const first = await member('GET', `${SUMMARY}?by=day&from=2026-11-01&to=2026-11-30&limit=1`);
    expect(first.body).toEqual({ ...summary, incomplete: false, gap_accepted: false, next_cursor: expect.any(String) });
    await member('GET', `${SUMMARY}?by=day&cursor=${first.body.next_cursor}`);
    expect(asked.map((request) => usageSummaryQuery.parse(request))).toEqual([
      { organization_id: id, by: 'day', from: '2026-11-01', to: '2026-11-30', limit: 1 },
      { organization_id: id, by: 'day', limit: 1000, after: next },
    ]);
  });

  it.each(['', 'by=colour', 'by=day&from=yesterday', 'by=day&to=2026-02-30'])('refuses ?%s', async (query) => {
    const { member } = await mesh.organization();
    expect(await member('GET', `${SUMMARY}?${query}`)).toMatchObject({ status: 400 });
  });
});

describe("an organisation's time zone", () => {
  it('is UTC, or what its admin sets', async () => {
    const { id, admin } = await mesh.organization();
    const path = `/api/v1/organizations/${id}`;
    expect((await admin('GET', path)).body).toMatchObject({ time_zone: 'UTC' });
    expect((await admin('PATCH', path, { time_zone: 'europe/berlin' })).body).toMatchObject({
      time_zone: 'Europe/Berlin',
    });
    expect((await admin('PATCH', path, { time_zone: 'Asia/Kolkata' })).body).toMatchObject({
      time_zone: 'Asia/Kolkata',
    });
    for (const time_zone of ['Mars/Olympus', '+02:00', '', 7, null])
      expect(await admin('PATCH', path, { time_zone })).toMatchObject({ status: 400 });
    expect((await admin('PATCH', path, (await admin('GET', path)).body)).body).toMatchObject({
      time_zone: 'Asia/Kolkata',
    });
  });
});

describe('trunks that no call has proven', () => {
  const UNTESTED = '/api/v1/trunk-states/untested?from=2026-11-01';
  /** Of a trunk that was deleted. */
  const GONE = '00000000-0000-4000-8000-000000000001';

  it('are counted and named, over all pages of the sums and without calls that go on', async () => {
    const { id, admin, member } = await mesh.organization('Untested');
    const other = await mesh.organization('Untested, another');
    const make = async (name: string, enabled = true): Promise<string> => {
      const settings = { name, gateway: '192.0.2.60', register: false, enabled };
      return (await admin('POST', '/api/v1/sip-trunks', settings)).body.id;
    };
    const [used, talking, ringing, failing, quiet] = [
      await make('Used'),
      await make('Talking'),
      await make('Ringing'),
      await make('Failing'),
      await make('Quiet'),
    ];
    await make('Disabled', false);
    const asked = await play<{ after?: string }>(USAGE_ANSWERED_TRUNKS, ({ after }) => ({
      ...{ outcome: 'trunks', trunk_ids: [after === undefined ? GONE : used] },
      next: after === undefined ? GONE : null,
    }));
    const call = (trunk_id: string, answered_at: string | null, n: number) => ({
      ...summaryOf(`11111111-1111-4111-8111-00000000000${n}`),
      ...{ trunk_id, answered_at, status: 'ongoing', ended_at: null },
    });
    const calls = [call(talking, started_at.replace('000Z', 'Z'), 2), call(ringing, null, 3)];
    await play(CALL_LOG_LIST, () => ({ outcome: 'list', calls, total: calls.length }));
    const named = [
      [failing, 'Failing'],
      [quiet, 'Quiet'],
      [ringing, 'Ringing'],
    ].map(([trunk, name]) => ({ id: trunk, name }));
    const answer = await member('GET', UNTESTED);
    expect([answer.status, answer.body]).toEqual([200, { total: 3, trunks: named }]);
    const first = { organization_id: id, from: '2026-11-01' };
    expect(asked).toEqual([first, { ...first, after: GONE }]);
    expect((await other.admin('GET', UNTESTED)).body).toEqual({ total: 0, trunks: [] });
    expect((await admin('GET', '/api/v1/trunk-states/untested')).status).toBe(400);
  });

  it('are looked for once in half a minute where an organisation has thousands of trunks', async () => {
    const { admin } = await mesh.organization('Untested, large');
    const trunk_ids = Array.from({ length: 5_000 }, (_none, n) => `${GONE.slice(0, -4)}${String(n).padStart(4, '0')}`);
    const asked = await play(USAGE_ANSWERED_TRUNKS, () => ({ outcome: 'trunks', trunk_ids, next: null }));
    await play(CALL_LOG_LIST, () => ({ outcome: 'list', calls: [], total: 0 }));
    await admin('POST', '/api/v1/sip-trunks', { name: 'Quiet', gateway: '192.0.2.60', register: false });
    for (const _nth of [1, 2, 3]) expect((await admin('GET', UNTESTED)).body).toMatchObject({ total: 1 });
    expect(asked).toHaveLength(1);
  });

  it('are not known while the ledger is not read', async () => {
    const { admin } = await mesh.organization('Untested, unknown');
    expect((await admin('GET', UNTESTED)).status).toBe(503);
  });
});
