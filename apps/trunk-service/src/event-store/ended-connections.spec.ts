import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clientConfig } from '@trunkmesh/event-log/relay-session.pg.js';
import { differences } from '@trunkmesh/event-log/servers.fixture.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import pg from 'pg';
import { speakForBridges } from '../bridge.fixture.js';
import { startFixture, type Fixture, type Received, type Sent } from '../trunk-service.fixture.js';

const EVERY_MS = 300;
const FOR_MS = 12_000;
const TRUNKS = '/api/v1/sip-trunks';

let mesh: Fixture;
let bridges: Awaited<ReturnType<typeof speakForBridges>>;
beforeAll(async () => {
  mesh = await startFixture();
  bridges = await speakForBridges(mesh.nats.url);
}, 60_000);
afterAll(async () => {
  await bridges.stop();
  await mesh.stop();
});

/** What a failover or an administrator does: every connection to the record ends, whatever it is doing. */
async function endConnections(stop: AbortSignal): Promise<number> {
  const admin = new pg.Client({ ...clientConfig(await mesh.service.parts.record.opened), application_name: 'test' });
  await admin.connect();
  let ended = 0;
  while (!stop.aborted) {
    const { rowCount } = await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> ' +
        'pg_backend_pid()',
    );
    ended += rowCount ?? 0;
    await pause(EVERY_MS);
  }
  await admin.end();
  return ended;
}

interface Client {
  org: Awaited<ReturnType<Fixture['organization']>>;
  refused: number;
  wrong: Received[];
  created: string[];
}

/** Until it is answered with something else than "try again", as a careful client does. */
async function insistently(client: Client, path: string, sent: Sent): Promise<Received> {
  for (;;) {
    const answer = await mesh.api(path, { key: client.org.admin, ...sent });
    if (answer.status !== 503) return answer;
    client.refused += 1;
    if (answer.body.code !== 'record-unavailable' || answer.headers.get('retry-after') === null)
      client.wrong.push(answer);
    await pause(20);
  }
}

async function readAndWrite(client: Client, name: string): Promise<void> {
  const body = { name, gateway: 'sip.example.com', register: false };
  const made = await insistently(client, TRUNKS, { body, headers: { 'Idempotency-Key': name } });
  if (made.status === 201) client.created.push(made.body.id);
  else client.wrong.push(made);
  const changed = await insistently(client, `${TRUNKS}/${made.body.id}`, { method: 'PATCH', body: { provider: name } });
  const read = await insistently(client, `${TRUNKS}/${made.body.id}`, {});
  for (const answer of [changed, read])
    if (answer.status !== 200 || answer.body.provider !== name) client.wrong.push(answer);
}

describe('a PostgreSQL that ends connections', () => {
  it(
    'never ends the service: requests under way answer 503, nothing that was accepted is lost, nothing is ' +
      'published twice',
    async () => {
      await bridges.bridge('bridge-1').speak();
      const clients: Client[] = await Promise.all(
        Array.from({ length: 6 }, async () => ({ org: await mesh.organization(), refused: 0, wrong: [], created: [] })),
      );
      const over = new AbortController();
      const ending = endConnections(over.signal);
      const working = clients.map(async (client) => {
        for (let n = 0; !over.signal.aborted && client.wrong.length === 0; n += 1)
          await readAndWrite(client, `trunk-${n}`);
      });
      await pause(FOR_MS);
      over.abort();
      expect(await ending).toBeGreaterThan(50);
      await Promise.all(working);
      expect(clients.flatMap(({ wrong }) => wrong.map(({ status, text }) => [status, text]))).toEqual([]);
      expect(clients.reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(0);
      for (const { org, created } of clients) {
        const listed = await mesh.api(`${TRUNKS}?limit=1000`, { key: org.admin });
        expect(listed.body.map(({ id }: { id: string }) => id).sort()).toEqual([...created].sort());
      }
      const record = await mesh.service.parts.record.opened;
      await eventually(async () => Number((await record.query('select count(*) as n from outbox'))[0].n) === 0, {
        timeoutMs: 20_000,
        message: 'the outbox is empty',
      });
      expect(await differences(record, await mesh.service.parts.nats.ready)).toEqual([]);
      expect(mesh.logged()).not.toContain('nobody foresaw');
    },
    120_000,
  );
});
