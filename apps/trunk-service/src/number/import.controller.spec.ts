import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Api, type Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 60_000);
afterAll(() => mesh?.stop());

const IMPORT = '/api/v1/phone-numbers/import';
const csv = { 'Content-Type': 'text/csv' };
const ndjson = { 'Content-Type': 'application/x-ndjson' };
const count = async (api: Api) =>
  Number((await api('GET', '/api/v1/phone-numbers?limit=1')).headers.get('X-Total-Count'));

async function organization() {
  const made = await mesh.organization();
  const { body } = await made.admin('POST', '/api/v1/sip-trunks', {
    name: 'Carrier',
    gateway: 'sip.example.com',
    register: false,
  });
  return { ...made, trunk: body.id as string };
}

describe('the import of numbers', () => {
  it('takes CSV as spreadsheets write it', async () => {
    const { admin, trunk } = await organization();
    const text =
      '\uFEFFPhone Number;friendly_name;sip_trunk;assistant_id\r\n+1 555 200 0001;"Front; ' +
      '""Desk""";carrier;42\r\n\r\n+15552000002;;;\r\n';
    expect(await admin('POST', IMPORT, text, csv)).toMatchObject({
      status: 200,
      body: { total: 2, added: 2, updated: 0, unchanged: 0, skipped: 0 },
    });
    const { body } = await admin('GET', '/api/v1/phone-numbers');
    expect(body).toMatchObject([
      { phone_number: '+15552000001', friendly_name: 'Front; "Desk"', sip_trunk_id: trunk, assistant: { id: 42 } },
      { phone_number: '+15552000002', sip_trunk_id: null },
    ]);
  });

  it('takes a JSON array, and JSON a line', async () => {
    const { admin, trunk } = await organization();
    expect(
      await admin('POST', IMPORT, [
        { phone_number: '+15552010001', sip_trunk_id: trunk },
        { phone_number: '+15552010002', flow_id: 1 },
      ]),
    ).toMatchObject({ status: 200, body: { added: 2 } });
    expect(
      await admin('POST', IMPORT, '{"phone_number":"+15552010003"}\n\n{"phone_number":"+15552010004"}\n', ndjson),
    ).toMatchObject({ status: 200, body: { added: 2 } });
    expect(await count(admin)).toBe(4);
  });

  it('tells of every line that is wrong, and then does nothing', async () => {
    const [{ admin }, other] = [await organization(), await organization()];
    await other.admin('POST', '/api/v1/phone-numbers', { phone_number: '+15552020004' });
    await admin('POST', '/api/v1/phone-numbers', { phone_number: '+15552020005' });
    const text = [
      'phone_number,assistant_id,flow_id,sip_trunk',
      '+15552020001,,,',
      '123,x,,',
      '+15552020002,1,2,',
      '+15552020001,,,',
      '+15552020004,,,',
      '+15552020005,,,',
      '+15552020006,,,nobody',
      '+15552020007,,,,,x',
    ].join('\n');
    const { status, body } = await admin('POST', IMPORT, text, csv);
    expect(status).toBe(422);
    expect(body.detail).toMatch(/ with 7 lines\.$/);
    expect(body.errors.map((each: { line: number; pointer: string }) => [each.line, each.pointer])).toEqual([
      [3, '/assistant_id'],
      [3, '/phone_number'],
      [4, '/flow_id'],
      [5, '/phone_number'],
      [6, '/phone_number'],
      [7, '/phone_number'],
      [8, '/sip_trunk'],
      [9, ''],
    ]);
    expect(body).toMatchObject({ code: 'import-has-errors', error_count: 8, lines_with_errors: 7 });
    expect(JSON.stringify(body)).not.toContain(other.id);
    expect(await count(admin)).toBe(1);
  });

  it.each([
    ['rows of commas', 'phone_number,friendly_name,provider\n+15552090001,a,b\n,,\n,,\n ,,\n'],
    ['rows of semicolons', 'phone_number;friendly_name;provider\r\n+15552090001;a;b\r\n;;\r\n;;'],
    ['rows of semicolons between commas', 'phone_number,friendly_name\n+15552090001,a\n;;\n;;\n'],
    ['blank rows in between and before the header', ',,\nphone_number,friendly_name,provider\n,,\n+15552090001,a,b\n'],
    ['a column without a name', 'phone_number,friendly_name,,\n+15552090001,a,,\n'],
    ['longer rows than the header', 'phone_number,friendly_name\n+15552090001,a,,,\n'],
  ])('passes over %s', async (_what, text) => {
    const { admin } = await organization();
    const answer = await admin('POST', IMPORT, text, csv);
    expect(answer).toMatchObject({ status: 200, body: { total: 1, added: 1 } });
    const {
      body: [made],
    } = await admin('GET', '/api/v1/phone-numbers');
    await admin('DELETE', `/api/v1/phone-numbers/${made.id}`);
  });

  it('refuses a value in a column without a name', async () => {
    const { admin } = await organization();
    const { status, body } = await admin('POST', IMPORT, 'phone_number,friendly_name,\n+15552090001,a,b\n', csv);
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      { line: 2, pointer: '', detail: expect.stringContaining('place 3, where the header has no name') },
    ]);
  });

  it('stops reading where too much is wrong', async () => {
    const { admin } = await organization();
    const { status, body } = await admin(
      'POST',
      IMPORT,
      Array.from({ length: 30_000 }, () => ({})),
    );
    expect(status).toBe(422);
    expect(body).toMatchObject({ detail: expect.stringContaining('at least 10000 lines'), error_count: 10_000 });
  });

  it.each([
    ['another header', 'number\n+15552030001\n', csv, /column "phone_number"/],
    [
      'a quote that is not closed',
      'phone_number,friendly_name\n+15552030001,ok\n+15552030002,"never closed\n',
      csv,
      /is not CSV/,
    ],
    ['a line that is not JSON', '{"phone_number":"+15552030001"}\n{oops\n', ndjson, /not valid JSON/],
  ])('refuses %s', async (_what, text, headers, message) => {
    const { admin } = await organization();
    const { status, body } = await admin('POST', IMPORT, text, headers);
    expect(status).toBe(422);
    expect(body.detail).toMatch(/ with (one line|[2-9] lines)\.$/);
    expect(body.errors.map((each: { detail: string }) => each.detail)).toEqual(
      expect.arrayContaining([expect.stringMatching(message)]),
    );
    expect(await count(admin)).toBe(0);
  });

  it.each([
    ['is not closed', '+15552090003,"never closed\n+15552090004,x\n', 'a quote is not closed'],
    ['stands within a cell', '+15552090003,"broken" quote\n+15552090004,x\n', 'its quotes do not fit'],
    ['makes a cell too long', `+15552090003,"${'x\n'.repeat(10_000)}`, 'longer than 16384 characters'],
  ])('tells what is wrong before a quote that %s, and from which line on nothing was read', async (_, rest, why) => {
    const { admin } = await organization();
    const text = `phone_number,friendly_name\n+15552090001,ok\n5552090002,no plus\n${rest}`;
    const { status, body } = await admin('POST', IMPORT, text, csv);
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      { line: 3, pointer: '/phone_number', detail: expect.stringContaining('must begin with "+"') },
      {
        line: 4,
        pointer: '',
        detail: expect.stringMatching(new RegExp(`^is not CSV \\(${why}.*\\); nothing from here on was read$`)),
      },
    ]);
    expect(await count(admin)).toBe(0);
  });

  it("refuses what is no list, and what is no admin's", async () => {
    const { admin, member } = await organization();
    expect((await admin('POST', IMPORT, { phone_number: '+15552040001' })).status).toBe(400);
    expect((await admin('POST', IMPORT)).status).toBe(400);
    expect((await member('POST', IMPORT, [])).status).toBe(403);
    expect((await admin('POST', `${IMPORT}?on_duplicate=maybe`, [])).status).toBe(400);
  });

  it('skips or updates what is there already, when told to', async () => {
    const { admin } = await organization();
    await admin('POST', IMPORT, [
      { phone_number: '+15552050001', friendly_name: 'A', assistant_id: 1 },
      { phone_number: '+15552050002' },
    ]);
    const body = [
      { phone_number: '+15552050001', friendly_name: 'B' },
      { phone_number: '+15552050002' },
      { phone_number: '+15552050003' },
    ];
    expect((await admin('POST', IMPORT, body)).status).toBe(422);
    expect(await admin('POST', `${IMPORT}?on_duplicate=skip`, body)).toMatchObject({
      status: 200,
      body: { added: 1, skipped: 2, updated: 0 },
    });
    expect(await admin('POST', `${IMPORT}?on_duplicate=update`, body)).toMatchObject({
      status: 200,
      body: { added: 0, updated: 1, unchanged: 2 },
    });
    expect((await admin('GET', '/api/v1/phone-numbers?phone_number=%2B15552050001')).body).toMatchObject([
      { friendly_name: 'B', assistant: { id: 1 } },
    ]);
  });

  it('is done once under an Idempotency-Key', async () => {
    const { admin } = await organization();
    const send = () => admin('POST', IMPORT, [{ phone_number: '+15552060001' }], { 'Idempotency-Key': 'import-1' });
    const first = await send();
    expect(await send()).toMatchObject({ status: 200, body: first.body });
  });

  it('takes 20,000 numbers in one request and shows how far it is', async () => {
    const { admin, trunk } = await organization();
    const lines = Array.from(
      { length: 20_000 },
      (_, n) => `+1555${String(3_000_000 + n)},${trunk},${(n % 50) + 1},Number ${n}`,
    );
    const answered = await admin(
      'POST',
      IMPORT,
      `phone_number,sip_trunk_id,assistant_id,friendly_name\n${lines.join('\n')}\n`,
      { ...csv, Accept: 'application/x-ndjson' },
    );
    const progress = answered.body
      .trim()
      .split('\n')
      .map((line: string) => JSON.parse(line));
    expect(progress[progress.length - 1]).toMatchObject({ stage: 'done', result: { total: 20_000, added: 20_000 } });
    expect([...new Set(progress.map((each: { stage: string }) => each.stage))]).toEqual([
      'reading',
      'checking',
      'writing',
      'done',
    ]);
    expect(await count(admin)).toBe(20_000);
    const search = async (q: string) => {
      const { headers } = await admin('GET', `/api/v1/phone-numbers?limit=1&q=${encodeURIComponent(q)}`);
      return [headers.get('X-Total-Count'), headers.get('X-Total-Count-Limited')];
    };
    expect([await search('NUMBER'), await search('+15553000'), await search('number 777')]).toEqual([
      ['1000', 'true'],
      ['1000', null],
      ['11', null],
    ]);
  }, 120_000);

  it('takes no more, and lists a bounded number of errors', async () => {
    const { admin } = await organization();
    expect(
      await admin(
        'POST',
        IMPORT,
        Array.from({ length: 100_001 }, () => 0),
      ),
    ).toMatchObject({ status: 413, body: { code: 'payload-too-large' } });
    const refused = await admin(
      'POST',
      IMPORT,
      Array.from({ length: 2_000 }, () => ({ phone_number: '+15552070001' })),
      { Accept: 'application/x-ndjson' },
    );
    const last = JSON.parse(refused.body.trim().split('\n').pop());
    expect(last).toMatchObject({ stage: 'failed', problem: { status: 422, error_count: 1_999 } });
    expect(last.problem.errors).toHaveLength(1_000);
  });

  it('is rolled back when the client hangs up', async () => {
    const { admin } = await organization();
    const hangUp = new AbortController();
    const body = Array.from({ length: 20_000 }, (_, n) =>
      JSON.stringify({ phone_number: `+1555${4_000_000 + n}` }),
    ).join('\n');
    const key = (
      await mesh.operator('POST', '/api/v1/api-keys', {
        name: 'x',
        role: 'admin',
        organization_id: (await admin('GET', '/api/v1/organizations')).body[0].id,
      })
    ).body.key;
    const response = await fetch(`${mesh.service.url}${IMPORT}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, ...ndjson, Accept: 'application/x-ndjson' },
      body,
      signal: hangUp.signal,
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ''; !text.includes('"writing"');) text += (await reader.read()).value;
    hangUp.abort();
    await reader.read().catch(() => undefined);
    const store = mesh.service.parts.record;
    await eventually(
      async () =>
        Number(
          (
            await store.query<{ n: string }>(
              "select count(*) as n from pg_stat_activity where state like '%in transaction%' and datname = " +
                'current_database() and pid <> pg_backend_pid()',
            )
          )[0]!.n,
        ) === 0,
    );
    expect(await count(admin)).toBe(0);
  }, 60_000);
});
