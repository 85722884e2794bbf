import { Agent, get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { BOOTSTRAP_KEY, clientOf, startFixture, type Fixture } from '../trunk-service.fixture.js';

const TRUNKS = '/api/v1/sip-trunks';
let mesh: Fixture;
let org: Awaited<ReturnType<Fixture['organization']>>;
beforeAll(async () => {
  mesh = await startFixture();
  org = await mesh.organization();
}, 60_000);
afterAll(() => mesh?.stop());

let names = 0;
const create = (api = mesh.api) =>
  api(TRUNKS, { key: org.admin, body: { name: `Trunk ${(names += 1)}`, gateway: 'sip.example.com', register: false } });
const inOutbox = async () =>
  Number((await mesh.service.parts.record.query<{ count: string }>('select count(*) from outbox'))[0]!.count);

/** The status, `cut off` in the middle of the answer, or why there was none. */
const ask = (url: string, agent: Agent) =>
  new Promise<string>((resolve) => {
    get(url, { agent }, (response) =>
      response
        .resume()
        .on('end', () => resolve(String(response.statusCode)))
        .on('error', () => resolve('cut off')),
    ).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
  });

describe('without NATS', () => {
  it('commands are accepted, and relayed when it is back', async () => {
    await mesh.nats.halt('SIGKILL');
    const answers = await Promise.all(Array.from({ length: 20 }, () => create()));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(201));
    expect(await inOutbox()).toBeGreaterThanOrEqual(20);
    expect((await mesh.api('/health/ready')).status).toBe(200);
    await mesh.nats.start();
    await eventually(async () => (await inOutbox()) === 0, { timeoutMs: 20_000, message: 'the outbox is empty' });
  });

  it('that restarts without its disk gets every stream, bucket and event again without a new command', async () => {
    await create();
    await eventually(async () => (await inOutbox()) === 0, { message: 'the outbox is empty' });
    const { streams } = await jetstreamManager(await mesh.service.parts.nats.ready, { checkAPI: false });
    const names = async () => (await streams.names().next()).sort();
    const before = await names();
    expect(before).toContain(TRUNKMESH_STREAM);
    await mesh.nats.halt('SIGKILL');
    await mesh.nats.loseDisk();
    await mesh.nats.start();
    const kept = async () =>
      Number((await mesh.service.parts.record.query<{ count: string }>('select count(*) from events'))[0]!.count);
    const again = async () => (await names()).join() === before.join();
    await eventually(again, { timeoutMs: 20_000, message: 'every stream and bucket is there again' });
    await eventually(async () => (await streams.info(TRUNKMESH_STREAM)).state.messages === (await kept()), {
      timeoutMs: 20_000,
      message: 'every event is in the stream',
    });
  }, 60_000);
});

describe('without PostgreSQL', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'stopped by %s: 503 at once, everything works again when it is back',
    async (signal) => {
      await create();
      const underLoad = Array.from({ length: 40 }, () => create());
      await mesh.postgres.halt(signal);
      for (const { status, body } of await Promise.all(underLoad)) {
        expect([201, 503]).toContain(status);
        if (status === 503) expect(body.code).toBe('record-unavailable');
      }
      const refused = await create();
      expect(refused).toMatchObject({ status: 503, body: { code: 'record-unavailable' } });
      expect(refused.headers.get('retry-after')).toBe('2');
      expect(refused.headers.get('content-type')).toBe('application/problem+json');
      expect(await mesh.api(TRUNKS, { key: org.admin })).toMatchObject({ status: 503 });
      expect(await mesh.api('/api/v1/organizations', { key: BOOTSTRAP_KEY })).toMatchObject({ status: 503 });
      // A statement by TypeORM, with the key that needs no look-up.
      const revoked = await mesh.api(`/api/v1/api-keys/${org.id}`, { key: BOOTSTRAP_KEY, method: 'DELETE' });
      expect(revoked).toMatchObject({ status: 503, body: { code: 'record-unavailable' } });
      expect(await mesh.api('/health/live')).toMatchObject({ status: 200 });
      expect(await mesh.api('/health/ready')).toMatchObject({
        status: 503,
        body: { checks: { record: 'PostgreSQL cannot be reached' } },
      });
      await mesh.postgres.start();
      await eventually(async () => (await create()).status === 201, {
        timeoutMs: 20_000,
        message: 'a trunk is created again',
      });
      expect(await mesh.api('/health/ready')).toMatchObject({ status: 200 });
      await eventually(async () => (await inOutbox()) === 0, { timeoutMs: 20_000, message: 'the outbox is empty' });
    },
    60_000,
  );

  it('a statement that waits too long behind others is 503 as well, and the next one is answered', async () => {
    const query = mesh.service.parts.record.query;
    const holder = (await mesh.service.parts.record.opened).createQueryRunner();
    await holder.startTransaction();
    await holder.query('lock table trunks in access exclusive mode');
    let answered = 0;
    const waiting = [create(), mesh.api(TRUNKS, { key: org.admin })].map((each) => each.finally(() => (answered += 1)));
    // What PostgreSQL does by itself after the fifteen seconds of `statement_timeout`. The service's own statements
    // beside the requests wait for the table too.
    await eventually(
      async () => {
        await query(`
        with waiting as materialized (select pid from pg_stat_activity where datname = current_database() and
          wait_event_type = 'Lock' and query ~ 'trunks')
        select pid from waiting where pg_cancel_backend(pid)`);
        return answered === waiting.length;
      },
      { message: 'both wait, are cancelled and answered' },
    );
    for (const refused of await Promise.all(waiting)) {
      expect(refused).toMatchObject({ status: 503, body: { code: 'record-unavailable' } });
      expect(refused.headers.get('retry-after')).toBe('2');
    }
    await holder.rollbackTransaction();
    await holder.release();
    expect((await create()).status).toBe(201);
    expect(mesh.logged()).not.toContain('nobody foresaw');
  });

  it('started before it is there: answers 503, then works', async () => {
    await mesh.postgres.halt();
    const starting = mesh.another();
    await mesh.postgres.start();
    const other = await starting;
    expect((await create(clientOf(() => other.url))).status).toBe(201);
  }, 60_000);
});

describe('several copies', () => {
  it('a key that one revokes is refused by the others a second later at most', async () => {
    const other = clientOf(() => second.url);
    const second = await mesh.another();
    const {
      body: { id, key },
    } = await mesh.api('/api/v1/api-keys', { key: org.admin, body: { name: 'short', role: 'member' } });
    expect((await other(TRUNKS, { key })).status).toBe(200);
    expect((await mesh.api(`/api/v1/api-keys/${id}`, { key: org.admin, method: 'DELETE' })).status).toBe(204);
    expect((await mesh.api(TRUNKS, { key })).status).toBe(401);
    await eventually(async () => (await other(TRUNKS, { key })).status === 401, {
      message: 'the other copy refuses the key',
    });
  });

  it('one that stops answers what it has begun, and all of it is relayed', async () => {
    const second = await mesh.another();
    const api = clientOf(() => second.url);
    await create(api);
    const under = Array.from({ length: 40 }, () =>
      create(api).then(
        ({ status }) => status,
        () => 'not taken',
      ),
    );
    await Promise.race(under);
    await second.stop();
    const answers = await Promise.all(under);
    expect(answers.filter((answer) => answer !== 201 && answer !== 'not taken')).toEqual([]);
    expect(answers).toContain(201);
    await eventually(async () => (await inOutbox()) === 0, { timeoutMs: 20_000, message: 'the outbox is empty' });
  });

  it('one that stops gets rid of clients that keep their connections busy, without cutting an answer off', async () => {
    const second = await mesh.another();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const endings: string[] = [];
    const client = async () => {
      for (let ending = '200'; ending === '200'; endings.push(ending))
        ending = await ask(`${second.url}/health/ready`, agent);
    };
    const clients = Array.from({ length: 8 }, client);
    await eventually(() => endings.length > 8);
    await second.stop();
    await Promise.all(clients);
    agent.destroy();
    expect(endings.filter((ending) => ending !== '200')).not.toContain('cut off');
  });

  it('start at once on an empty record: one migrates, all work', async () => {
    const DATABASE_URL = await mesh.postgres.createDatabase('fresh');
    const copies = await Promise.all([1, 2, 3].map(() => mesh.another({ DATABASE_URL })));
    const apis = copies.map((copy) => clientOf(() => copy.url));
    const {
      body: { id },
    } = await apis[0]!('/api/v1/organizations', { key: BOOTSTRAP_KEY, body: { name: 'Acme' } });
    for (const api of apis)
      expect(await api(`/api/v1/organizations/${id}`, { key: BOOTSTRAP_KEY })).toMatchObject({
        status: 200,
        body: { name: 'Acme' },
      });
  }, 60_000);
});
