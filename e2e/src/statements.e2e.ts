import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { LedgerEntry } from '@trunkmesh/contracts/usage-query.js';
import type { UsageStatement } from '@trunkmesh/contracts/usage-statement.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { callEnded, callId } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { pdfText } from '@trunkmesh/testkit/pdf-text.process.js';
import { testMesh, type Organization, type TestMesh } from './mesh.fixture.js';

const RECORDS = '/api/v1/usage/records';
let test: TestMesh;
let org: Organization;
let other: Organization;
beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  other = await test.organization('Other Dental');
  await test.operator.put(`/api/v1/organizations/${org.id}/rate-plans/${monthsAgo(4)}`, {
    currency: 'EUR',
    rate_per_minute_micros: 30_000,
    increments: '60/60',
  });
  await eventually(async () => (await test.billing('SELECT FROM rate_plans')).length === 1);
});
afterAll(() => test?.stop());

/** The first moment (UTC) of the month that lies so many months back. */
function monthsAgo(months: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1)).toISOString();
}
/** Months that are closed. */
const [EARLIER, LATER] = [monthsAgo(3), monthsAgo(2)];
const monthOf = (time: string) => time.slice(0, 7);

/** A call of a minute on the tenth of a month. */
function ended(n: number, month: string, of = org): CallEnded {
  const event = callEnded(n);
  const started_at = `${monthOf(month)}-10T10:00:00.000Z`;
  const ended_at = `${monthOf(month)}-10T10:01:00.000Z`;
  return {
    ...event,
    subject: callSubject(of.id, callId(n)),
    data: {
      ...event.data,
      organization_id: of.id,
      started_at,
      answered_at: started_at,
      ended_at,
      billable_ms: 60_000,
    },
  };
}

async function publish(...calls: CallEnded[]): Promise<void> {
  const nc = await connect({ servers: test.mesh.file.nats });
  for (const call of calls) await jetstream(nc).publish(call.subject, JSON.stringify(call));
  await nc.close();
  const ids = calls.map(({ data }) => data.call_id);
  await eventually(
    async () =>
      (
        await test.billing('SELECT FROM ledger_entries WHERE call_id = ANY($1::uuid[]) AND amount_micros = 30000', [
          ids,
        ])
      ).length === calls.length,
    { timeoutMs: 20_000, message: 'the calls in the ledger' },
  );
}

/** Months are closed every ten minutes, and when the observer starts. */
async function closed(month: string, of = org): Promise<void> {
  await test.mesh.billingObserver.stop();
  await test.mesh.billingObserver.start();
  await eventually(async () => (await of.api.request('GET', `${RECORDS}?statement=${monthOf(month)}`)).status === 200, {
    timeoutMs: 30_000,
    message: `the statement of ${month}`,
  });
}

const entriesOf = async (month: string): Promise<LedgerEntry[]> =>
  (await org.api.get<{ items: LedgerEntry[] }>(`${RECORDS}?statement=${monthOf(month)}`)).items;

/** Entry, call and amount of each line. */
async function linesOf(month: string): Promise<string[][]> {
  const response = await fetch(`${test.mesh.file.api}${RECORDS}?statement=${monthOf(month)}`, {
    headers: { authorization: `Bearer ${org.key}`, accept: 'text/csv' },
  });
  const [head, ...lines] = (await response.text()).trimEnd().split('\r\n');
  const columns = ['entry_id', 'call_id', 'amount_micros'].map((name) => head!.split(',').indexOf(name));
  return lines.map((line) => columns.map((column) => line.split(',')[column]!));
}

it('the entries of a closed statement are exactly those that it sums up, as JSON and as CSV', async () => {
  await publish(ended(1, EARLIER), ended(2, EARLIER), ended(3, LATER));
  await closed(LATER);
  // A late call of the month is in the statement of the month that is open.
  await publish(ended(4, EARLIER));
  for (const [month, calls] of [
    [EARLIER, [1, 2]],
    [LATER, [3]],
  ] as const) {
    const entries = await entriesOf(month);
    expect(entries.map(({ call_id }) => call_id).sort()).toEqual(calls.map((n) => callId(n)));
    expect(await linesOf(month)).toEqual(entries.map((entry) => [entry.entry_id, entry.call_id, entry.amount_micros]));
    const sum = entries.reduce((all, { amount_micros }) => all + BigInt(amount_micros), 0n);
    const statement = await org.api.get<UsageStatement>(`/api/v1/usage/statements/${monthOf(month)}`);
    expect(statement).toMatchObject({
      state: 'closed',
      totals: [{ calls: calls.length, total_micros: String(sum), usage_micros: String(30_000 * calls.length) }],
    });
  }
  expect((await other.api.request('GET', `${RECORDS}?statement=${monthOf(EARLIER)}`)).status).toBe(404);
});

/** What people book: figures, lines of the CSV without those that say when it was made, words of the PDF. */
async function documents(of: Organization, month: string) {
  const get = async (format: string) => {
    const url = `${test.mesh.file.api}/api/v1/usage/statements/${monthOf(month)}?format=${format}`;
    return Buffer.from(await (await fetch(url, { headers: { authorization: `Bearer ${of.key}` } })).arrayBuffer());
  };
  const [head, ...lines] = (await get('csv')).toString().trimEnd().split('\r\n');
  const rows = lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(head!.split(',').map((name, index) => [name, cells[index]!]));
  });
  return {
    json: JSON.parse((await get('json')).toString()) as UsageStatement,
    csv: rows,
    pdf: pdfText(await get('pdf')).replace(/generated at:? [\d:+ -]+/gi, ''),
  };
}

it('a call of a closed month that is known better later changes the next statement alone, in all formats', async () => {
  const third = await test.organization('Third Dental');
  await test.operator.put(`/api/v1/organizations/${third.id}/rate-plans/${monthsAgo(4)}`, {
    currency: 'EUR',
    rate_per_minute_micros: 30_000,
    increments: '60/60',
  });
  await eventually(async () => (await test.billing('SELECT FROM rate_plans')).length === 2);
  const lost = ended(11, LATER, third);
  await publish({ ...lost, data: { ...lost.data, reconstructed: true } }, ended(12, LATER, third));
  await closed(LATER, third);
  const before = await documents(third, LATER);
  expect(before.json).toMatchObject({ state: 'closed', totals: [{ calls: 2, total_micros: '60000' }] });

  // The bridge is back: the call took three minutes.
  const data = { ...lost.data, record_number: 1_011, ended_at: lost.data.ended_at.replace(':01:', ':03:') };
  const nc = await connect({ servers: test.mesh.file.nats });
  const known = { ...lost, id: randomUUID(), data: { ...data, billable_ms: 180_000 } };
  await jetstream(nc).publish(known.subject, JSON.stringify(known));
  await nc.close();
  const entries = 'SELECT FROM ledger_entries WHERE call_id = $1';
  await eventually(async () => (await test.billing(entries, [lost.data.call_id])).length === 3, {
    timeoutMs: 20_000,
    message: 'the corrected call in the ledger',
  });

  expect(await documents(third, LATER)).toEqual(before);
  const next = await documents(third, monthsAgo(0));
  expect(next.json).toMatchObject({
    state: 'open',
    totals: [{ calls: 0, usage_micros: '0', adjustment_micros: '60000', total_micros: '60000' }],
    adjustments: [{ month: monthOf(LATER), reason: 'known-better', calls: 0, amount_micros: '60000' }],
    adjusted_entries: [
      { kind: 'reversal', call_id: lost.data.call_id, amount_micros: '-30000' },
      { kind: 'correction', call_id: lost.data.call_id, amount_micros: '90000' },
    ],
  });
  const amounts = (section: string) =>
    next.csv.filter((row) => row['section'] === section).map((row) => row['amount_micros']);
  expect(['adjustment', 'adjusted-entry', 'total-adjustments', 'total'].map(amounts)).toEqual([
    ['60000'],
    ['-30000', '90000'],
    ['60000'],
    ['60000'],
  ]);
  for (const part of ['Corrections of earlier months', 'An estimate that is known better', '-0.03 EUR', '0.09 EUR'])
    expect(next.pdf).toContain(part);
  expect(before.pdf).not.toContain('Corrections of earlier months');
});
