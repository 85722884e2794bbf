import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startMesh, type Api, type Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh({ QUOTA_NUMBERS: 3 });
}, 60_000);
afterAll(() => mesh?.stop());

const IMPORT = '/api/v1/phone-numbers/import';
const TRIAL = `${IMPORT}?dry_run=true`;
const csv = { 'Content-Type': 'text/csv' };
const SECRET = 'whsec_' + 'c2VjcmV0c2VjcmV0c2VjcmV0';
const numbersOf = async (api: Api) => (await api('GET', '/api/v1/phone-numbers')).body as { phone_number: string }[];
const events = async () =>
  (await mesh.service.parts.record.query<{ n: string }>('select count(*) as n from events'))[0]!.n;

describe('the trial of an import', () => {
  it('says what would be done with each line, and writes nothing', async () => {
    const { admin } = await mesh.organization();
    await admin('POST', '/api/v1/sip-trunks', { name: 'Carrier', gateway: 'sip.example.com', register: false });
    await admin('POST', IMPORT, [{ phone_number: '+15556000001', friendly_name: 'A' }]);
    const text = [
      'phone_number,friendly_name,sip_trunk,assistant_id,signing_secret',
      `+1 555 600 0001,B,,,${SECRET}`,
      '+15556000002,Front desk,carrier,17,',
      '',
    ].join('\n');
    const before = await events();
    const { status, body } = await admin('POST', `${TRIAL}&on_duplicate=update`, text, csv);
    expect(status).toBe(200);
    const no = { friendly_name: null, sip_trunk: null, assistant_id: null, flow_id: null };
    expect(body).toEqual({
      total: 2,
      added: 1,
      updated: 1,
      unchanged: 0,
      skipped: 0,
      preview: {
        error_count: 0,
        lines_with_errors: 0,
        cut_short: false,
        errors: [],
        lines: [
          { ...no, line: 2, phone_number: '+15556000001', friendly_name: 'B', outcome: 'updated' },
          {
            ...no,
            line: 3,
            phone_number: '+15556000002',
            friendly_name: 'Front desk',
            sip_trunk: 'carrier',
            assistant_id: 17,
            outcome: 'added',
          },
        ],
      },
    });
    expect(await events()).toBe(before);
    expect(await numbersOf(admin)).toMatchObject([{ phone_number: '+15556000001', friendly_name: 'A' }]);
  });

  it('answers with every problem beside the lines that are right, as the import refuses them', async () => {
    const [{ admin }, other] = [await mesh.organization(), await mesh.organization()];
    await other.admin('POST', '/api/v1/phone-numbers', { phone_number: '+15556010004' });
    const text = [
      'phone_number,assistant_id,sip_trunk',
      '+15556010001,,',
      `${SECRET},,`,
      '555,x,',
      '+15556010001,,',
      '+15556010004,,',
      '+15556010006,,nobody',
    ].join('\n');
    const { status, body } = await admin('POST', TRIAL, text, csv);
    const refused = await admin('POST', IMPORT, text, csv);
    expect([status, refused.status]).toEqual([200, 422]);
    expect(body).toMatchObject({ total: 6, added: 1, preview: { error_count: 6, lines_with_errors: 5 } });
    expect(body.preview.errors).toEqual(refused.body.errors);
    expect(
      body.preview.lines.map((each: { line: number; phone_number: string; outcome: string }) => [
        each.line,
        each.phone_number,
        each.outcome,
      ]),
    ).toEqual([
      [2, '+15556010001', 'added'],
      [3, null, 'refused'],
      [4, '555', 'refused'],
      [5, '+15556010001', 'refused'],
      [6, '+15556010004', 'refused'],
      [7, '+15556010006', 'refused'],
    ]);
    expect(JSON.stringify(body)).not.toContain(other.id);
    expect(JSON.stringify(body)).not.toContain(SECRET);
    expect(await numbersOf(admin)).toEqual([]);
  });

  it('takes no Idempotency-Key: the import follows with the same one', async () => {
    const { admin } = await mesh.organization();
    const key = { 'Idempotency-Key': 'import-1' };
    const body = [{ phone_number: '+15556020001' }];
    expect((await admin('POST', TRIAL, body, key)).body).toMatchObject({ added: 1, preview: { error_count: 0 } });
    expect((await admin('POST', IMPORT, body, key)).body).toEqual({
      total: 1,
      added: 1,
      updated: 0,
      unchanged: 0,
      skipped: 0,
    });
  });

  it('is refused where the import would exceed the quota, and shows a bounded number of lines', async () => {
    const { admin } = await mesh.organization();
    const lines = (many: number) => Array.from({ length: many }, (_, n) => ({ phone_number: `+1555${6_030_000 + n}` }));
    expect(await admin('POST', TRIAL, lines(4))).toMatchObject({ status: 403, body: { code: 'quota-exceeded' } });
    const repeated = Array.from({ length: 2_000 }, () => lines(1)[0]);
    const { body } = await admin('POST', TRIAL, repeated);
    expect(body.preview).toMatchObject({ error_count: 1_999, lines_with_errors: 1_999, cut_short: false });
    expect([body.preview.lines.length, body.preview.errors.length]).toEqual([500, 1_000]);
    const { body: cut } = await admin(
      'POST',
      TRIAL,
      Array.from({ length: 30_000 }, () => ({})),
    );
    expect(cut.preview).toMatchObject({ error_count: 10_000, cut_short: true });
  });

  it("is no member's, and knows only true and false", async () => {
    const { admin, member } = await mesh.organization();
    expect((await member('POST', TRIAL, [])).status).toBe(403);
    expect((await admin('POST', `${IMPORT}?dry_run=yes`, [])).status).toBe(400);
  });
});
