import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { USAGE_STATEMENT, USAGE_STATEMENTS } from '@trunkmesh/contracts/subjects.js';
import { statementHead, type UsageStatement, type UsageStatementQuery } from '@trunkmesh/contracts/usage-statement.js';
import { pdfText } from '@trunkmesh/testkit/pdf-text.process.js';
import type { Mesh } from '../mesh.fixture.js';
import { startMeshAndOthers, type Others } from '../others.fixture.js';
import { statementPdf } from './statement-pdf.process.js';
import { localTime, minutesOf, unitsOf } from './statement-text.js';

const STATEMENTS = '/api/v1/usage/statements';
const TRUNK = '0190a5b2-7c00-7000-8000-00000000000b';
const sum = {
  carrier_cost: 'external' as const,
  currency: 'USD',
  calls: 2,
  answered_calls: 2,
  estimated_calls: 1,
  billable_seconds: 100,
  charged_seconds: 120,
  amount_micros: '60000',
};
const statement: UsageStatement = {
  month: '2026-10',
  state: 'closed',
  number: '202610-00000000000A',
  time_zone: 'Europe/Berlin',
  begins: '2026-09-30T22:00:00.000Z',
  ends: '2026-10-31T23:00:00.000Z',
  closes_at: '2026-11-05T23:00:00.000Z',
  closed_at: '2026-11-05T23:01:00.000Z',
  incomplete: false,
  gap_accepted: true,
  totals: [
    {
      carrier_cost: 'external',
      currency: 'USD',
      calls: 2,
      charged_seconds: 120,
      usage_micros: '60000',
      adjustment_micros: '-30000',
      free_micros: '10000',
      total_micros: '20000',
    },
  ],
  lines: [{ by: 'trunk', key: TRUNK, ...sum }],
  rates: [],
  free_minutes: [{ month: '2026-10', currency: 'USD', seconds: 20, amount_micros: '10000' }],
  adjustments: [{ month: '2026-09', reason: 'known-better', ...sum, amount_micros: '-30000' }],
  adjusted_entries: [],
  adjusted_entries_total: 0,
};

let mesh: Mesh;
let others: Others;
let stop: (() => Promise<void>) | undefined;
const asked: UsageStatementQuery[] = [];
beforeAll(async () => {
  ({ mesh, others, stop } = await startMeshAndOthers());
  const answer = (subject: string, of: (query: UsageStatementQuery) => unknown) =>
    others.answer<UsageStatementQuery>(subject, (query) => {
      asked.push(query);
      return of(query);
    });
  await answer(USAGE_STATEMENTS, () => ({ outcome: 'statements', statements: [statementHead.parse(statement)] }));
  await answer(USAGE_STATEMENT, ({ month }) =>
    month === statement.month ? { outcome: 'statement', statement } : { outcome: 'no-statement' },
  );
}, 60_000);
afterAll(() => stop?.());

describe('GET /api/v1/usage/statements', () => {
  it('lists the months, and gets one', async () => {
    const { id, member } = await mesh.organization();
    expect(await member('GET', STATEMENTS)).toMatchObject({ status: 200, body: [{ month: '2026-10' }] });
    expect((await member('GET', `${STATEMENTS}/2026-10`)).body).toEqual(statement);
    expect(asked.slice(-2)).toEqual([{ organization_id: id }, { organization_id: id, month: '2026-10' }]);
    for (const month of ['2026-09', '2026-13', 'x'])
      expect(await member('GET', `${STATEMENTS}/${month}`)).toMatchObject({
        status: 404,
        body: { code: 'statement-not-found' },
      });
    expect(await member('GET', `${STATEMENTS}/2026-10?format=xml`)).toMatchObject({ status: 400 });
  });

  it('as CSV', async () => {
    const { member } = await mesh.organization();
    for (const answer of [
      await member('GET', `${STATEMENTS}/2026-10?format=csv`),
      await member('GET', `${STATEMENTS}/2026-10`, undefined, { Accept: 'text/csv' }),
    ]) {
      expect(answer.headers.get('Content-Type')).toMatch(/^text\/csv/);
      expect(answer.headers.get('X-Usage-Incomplete')).toBe('false');
      expect(answer.headers.get('X-Usage-Gap-Accepted')).toBe('true');
      const lines = (answer.body as string).trimEnd().split('\r\n');
      expect(lines).toHaveLength(8);
      expect(lines.at(-1)).toMatch(/^total,2026-10,202610-00000000000A,Europe\/Berlin,.*,20000,/);
    }
  });

  it('as PDF', async () => {
    const { member } = await mesh.organization();
    const answer = await member('GET', `${STATEMENTS}/2026-10?format=pdf`);
    expect(answer.headers.get('Content-Type')).toBe('application/pdf');
    expect(answer.headers.get('Content-Disposition')).toContain('usage-2026-10-202610-00000000000A.pdf');
    expect(answer.body as string).toMatch(/^%PDF-/);
  });

  it("shows nobody another organisation's", async () => {
    const [{ id }, other] = [await mesh.organization(), await mesh.organization()];
    asked.splice(0);
    const header = { 'X-Organization-Id': id };
    for (const path of [STATEMENTS, `${STATEMENTS}/2026-10`, `${STATEMENTS}/2026-10?format=pdf`])
      for (const key of [other.admin, other.member]) await key('GET', path, undefined, header);
    expect(asked.map((query) => query.organization_id)).not.toContain(id);
    expect(await other.member('GET', `${STATEMENTS}?organization_id=${id}`)).not.toMatchObject({
      body: { organization_id: id },
    });
  });
});

describe('the document', () => {
  it('says whose it is, in which currency, that carrier cost is external, and numbers its pages', async () => {
    const lines = Array.from({ length: 120 }, (_none, n) => ({ by: 'trunk' as const, key: `trunk ${n}`, ...sum }));
    const pdf = await statementPdf({
      statement: { ...statement, lines },
      organization: { id: TRUNK, name: 'Example (Dental) \u6771' },
      trunkNames: new Map([['trunk 0', 'Frankfurt']]),
      generatedAt: new Date('2026-11-29T00:00:00.000Z'),
    });
    const text = pdfText(pdf);
    for (const part of [
      'Usage statement 2026-10',
      `Example (Dental) ? (${TRUNK})`,
      'Statement number: 202610-00000000000A',
      'Period: 2026-10-01 00:00:00 +02:00 to 2026-11-01 00:00:00 +01:00 (Europe/Berlin)',
      'Closed at: 2026-11-06 00:01:00 +01:00 (Europe/Berlin)',
      'Currency: USD',
      'Lost records: call records of a bridge',
      'Those carriers bill the organisation',
      'Frankfurt',
      '0.02 USD',
      'Corrections of earlier months',
      'An estimate that is known better',
      'generated at 2026-11-29 01:00:00 +01:00 (Europe/Berlin)',
      'page 3 of 3',
      'A "?" in a name is a character',
    ])
      expect(text).toContain(part);
    expect(pdf.includes('DejaVu')).toBe(false);
  });

  it('has the letters of names in other scripts, words from the right in their order', async () => {
    const pdf = await statementPdf({
      statement,
      organization: { id: TRUNK, name: 'Телеком Łódź \u05d0\u05d1 \u05d2 1' },
      trunkNames: new Map(),
      generatedAt: new Date('2026-11-29T00:00:00.000Z'),
    });
    expect(pdf.includes('DejaVuSans')).toBe(true);
    const text = pdfText(pdf);
    // The map from glyphs to characters, in the order in which they were first drawn.
    const codes = [...'Телкомódź'].map((letter) => letter.codePointAt(0)!.toString(16).padStart(4, '0'));
    for (const code of codes) expect(text).toContain(code);
    expect(text).toMatch(/05d2[^]*05d1/);
    expect(text).not.toContain('A "?" in a name');
  });

  it.each([
    ['0', 'USD', '0.00'],
    ['-1250000', 'USD', '-1.25'],
    ['12500', 'USD', '0.012500'],
    ['-12000000', 'JPY', '-12'],
    ['12000001', 'JPY', '12.000001'],
    ['1234000', 'KWD', '1.234'],
    ['1000000', 'ZZZ', '1.00'],
    ['999999999999999999', 'EUR', '999999999999.999999'],
  ])('%s micro-units of %s are %s', (micros, currency, text) => expect(unitsOf(micros, currency)).toBe(text));

  it.each([
    ['2026-10-25T00:30:00.000Z', 'Europe/Berlin', '2026-10-25 02:30:00 +02:00'],
    ['2026-10-25T01:30:00.000Z', 'Europe/Berlin', '2026-10-25 02:30:00 +01:00'],
    ['2026-11-23T00:44:09.871123Z', 'UTC', '2026-11-23 00:44:09 +00:00'],
    ['2026-11-30T19:00:00.000Z', 'Asia/Kolkata', '2026-12-01 00:30:00 +05:30'],
  ])('%s in %s is %s', (instant, zone, text) => expect(localTime(instant, zone)).toBe(text));

  it.each([
    [59, '0:59'],
    [-754, '-12:34'],
  ])('%d seconds are %s', (seconds, text) => expect(minutesOf(seconds)).toBe(text));
});
