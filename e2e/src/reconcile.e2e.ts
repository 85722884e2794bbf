import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { Difference, Reconciliation } from '@trunkmesh/contracts/carrier-bill.js';
import type { CarrierCosts, DeckImport } from '@trunkmesh/contracts/rate-deck.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { callEnded, callId } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { testMesh, type Organization, type TestMesh } from './mesh.fixture.js';

const DAY = '2026-11-23';
let test: TestMesh;
let org: Organization;
let other: Organization;
beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  other = await test.organization('Other Dental');
});
afterAll(() => test?.stop());

const at = (minute: number, second = 0) =>
  `${DAY}T10:${String(minute).padStart(2, '0')}:${String(second).padStart(2, '0')}.000Z`;
/** A call that began in this minute; null: nobody answered. */
function ended(n: number, ms: number | null): CallEnded {
  const event = callEnded(n);
  const times = {
    started_at: at(n),
    answered_at: ms === null ? null : at(n, 5),
    ended_at: new Date(Date.parse(at(n, 5)) + (ms ?? 20_000)).toISOString(),
    billable_ms: ms ?? 0,
  };
  return {
    ...event,
    subject: callSubject(org.id, callId(n)),
    data: { ...event.data, organization_id: org.id, ...times },
  };
}

async function publish(calls: readonly CallEnded[]): Promise<void> {
  const nc = await connect({ servers: test.mesh.file.nats });
  for (const call of calls) await jetstream(nc).publish(call.subject, JSON.stringify(call));
  await nc.close();
  await eventually(
    async () => {
      const [row] = await test.billing<{ count: string }>(
        'SELECT count(*) FROM ledger_entries WHERE organization_id = $1',
        [org.id],
      );
      return Number(row!.count) === calls.length;
    },
    { timeoutMs: 20_000, message: 'the calls in the ledger' },
  );
}

async function send(path: string, body: string | Uint8Array, type = 'text/csv'): Promise<Reconciliation> {
  const response = await fetch(`${test.mesh.file.api}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${org.key}`, 'content-type': type },
    body,
  });
  const answer = (await response.json()) as Reconciliation;
  if (response.status !== 202) throw new Error(JSON.stringify(answer));
  return eventually(
    async () => {
      const now = await org.api.get<Reconciliation>(`/api/v1/usage/reconciliations/${answer.id}`);
      return now.status === 'done' ? now : undefined;
    },
    { timeoutMs: 20_000, message: 'the comparison' },
  );
}

describe("a carrier's file against the ledger", () => {
  it('shows exactly the four kinds of difference, with their sums and causes', async () => {
    await publish([ended(1, 60_000), ended(2, 30_000), ended(3, 42_000), ended(4, 30_400), ended(5, null)]);
    await org.api.put('/api/v1/usage/carrier-formats/example', {
      columns: { from: 'A-Number', to: 'B-Number', time: 'Beginn', duration: 'Dauer', amount: 'Betrag' },
      time_format: 'DD.MM.YYYY HH:mm:ss',
      time_zone: 'Europe/Berlin',
      duration_unit: 'clock',
      decimal: ',',
      currency: 'EUR',
      delimiter: ';',
    });
    const line = (minute: number, length: string, cents: string, second = 7) =>
      `+15559876543;+15551234567;23.11.2026 11:0${minute}:0${second};${length};0,${cents}`;
    const file = [
      'A-Number;B-Number;Beginn;Dauer;Betrag',
      line(4, '0:30', '0030'),
      line(9, '0:33', '0033'),
      line(1, '1:00', '0060'),
      line(3, '1:00', '0060'),
      line(5, '1:00', '0060'),
    ].join('\r\n');
    const path = '/api/v1/usage/reconciliations?format=example&name=november.csv&tolerance_seconds=20';
    const found = await send(path, gzipSync(file), 'application/gzip');
    const eur = (amount_micros: string) => [{ currency: 'EUR', amount_micros }];
    const differs = { kind: 'duration-differs', calls: 1 };
    expect(found).toMatchObject({ rows: 5, skipped_rows: 0, time_shift_seconds: 0, problem: null });
    expect(found.groups).toMatchObject([
      { kind: 'matched', calls: 1, our_seconds: 60, their_seconds: 60, amounts: eur('6000') },
      { kind: 'only-ours', calls: 1, our_seconds: 30, their_seconds: 0, amounts: [] },
      { kind: 'only-theirs', calls: 1, our_seconds: 0, their_seconds: 33, amounts: eur('3300') },
      { ...differs, cause: 'other-increment', our_seconds: 42, their_seconds: 60, amounts: eur('6000') },
      { ...differs, cause: 'rounding', our_seconds: 31, their_seconds: 30, amounts: eur('3000') },
      { ...differs, cause: 'unanswered-billed', our_seconds: 0, their_seconds: 60, amounts: eur('6000') },
    ]);
    const { items } = await org.api.get<{ items: Difference[] }>(
      `/api/v1/usage/reconciliations/${found.id}/differences`,
    );
    expect(items.map(({ kind, cause, call_id, their_line }) => [kind, cause, call_id, their_line]).sort()).toEqual(
      [
        ['only-ours', null, callId(2), null],
        ['only-theirs', null, null, 3],
        ['duration-differs', 'other-increment', callId(3), 5],
        ['duration-differs', 'rounding', callId(4), 2],
        ['duration-differs', 'unanswered-billed', callId(5), 6],
      ].sort(),
    );
    const path2 = `/api/v1/usage/reconciliations/${found.id}`;
    for (const route of [path2, `${path2}/differences`])
      expect((await other.api.request('GET', route)).status).toBe(404);
    expect((await other.api.request('DELETE', path2)).status).toBe(404);
    await org.api.delete(path2);
    expect((await org.api.request('GET', path2)).status).toBe(404);
    await eventually(
      async () => {
        const [left] = await test.billing<{ rows: string }>(
          'SELECT (SELECT count(*) FROM carrier_calls) + (SELECT count(*) FROM carrier_differences) + (SELECT ' +
            'count(*) FROM reconciliations) AS rows',
        );
        return left!.rows === '0';
      },
      { timeoutMs: 20_000, message: 'nothing to be left of it' },
    );
  });
});

describe('rate decks', () => {
  it('estimate what the calls of a month would have cost, and which trunk is the cheapest', async () => {
    const trunk = async (name: string) =>
      (await org.api.post<{ id: string }>('/api/v1/sip-trunks', { name, gateway: '192.0.2.7', register: false })).id;
    const [cheap, dear] = [await trunk('Cheap'), await trunk('Dear')];
    const put = async (id: string, rate: string, query = '') => {
      const response = await fetch(`${test.mesh.file.api}/api/v1/usage/rate-decks/${id}?currency=EUR${query}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${org.key}`, 'content-type': 'text/csv' },
        body: `direction,prefix,rate_per_minute\ninbound,1555,${rate}\n`,
      });
      return (await response.json()) as DeckImport;
    };
    expect(await put(dear, '0.02', '&dry_run=true')).toMatchObject({ dry_run: true, added: 1 });
    expect(await put(dear, '0.02')).toMatchObject({ dry_run: false, added: 1 });
    await put(cheap, '0.01');
    const costs = await org.api.get<CarrierCosts>('/api/v1/usage/carrier-costs?month=2026-11');
    // Four answered calls of up to a minute.
    expect(costs).toMatchObject({ calls: 4, common_calls: 4, estimate: true, cheapest_trunk_id: cheap });
    expect(costs.trunks.map((one) => one.estimated_carrier_cost_micros)).toEqual(['40000', '80000']);
    expect((await other.api.request('GET', `/api/v1/usage/rate-decks/${cheap}`)).status).toBe(404);
    expect(await other.api.get<CarrierCosts>('/api/v1/usage/carrier-costs?month=2026-11')).toMatchObject({ calls: 0 });
  });
});
