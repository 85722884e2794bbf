import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { LedgerEntry } from '@trunkmesh/contracts/usage-query.js';
import type { UsageStatement } from '@trunkmesh/contracts/usage-statement.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { callEnded, callId } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
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
function ended(n: number, month: string): CallEnded {
  const event = callEnded(n);
  const started_at = `${monthOf(month)}-10T10:00:00.000Z`;
  const ended_at = `${monthOf(month)}-10T10:01:00.000Z`;
  return {
    ...event,
    subject: callSubject(org.id, callId(n)),
    data: {
      ...event.data,
      organization_id: org.id,
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
async function closed(month: string): Promise<void> {
  await test.mesh.billingObserver.stop();
  await test.mesh.billingObserver.start();
  await eventually(
    async () => (await org.api.request('GET', `${RECORDS}?statement=${monthOf(month)}`)).status === 200,
    { timeoutMs: 30_000, message: `the statement of ${month}` },
  );
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
