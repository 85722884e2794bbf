import { mock } from 'node:test';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { entityDifferences } from '@trunkmesh/event-log/entity-differences.fixture.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startFixture, type Fixture } from '../trunk-service.fixture.js';
import { forgetOldKeys } from './idempotency.pg.js';

const IMPORT = '/api/v1/phone-numbers/import';
let mesh: Fixture;
let org: Awaited<ReturnType<Fixture['organization']>>;
beforeAll(async () => {
  mesh = await startFixture();
  org = await mesh.organization();
}, 60_000);
afterAll(() => mesh?.stop());

const send = (path: string, idempotencyKey: string, body: unknown) =>
  mesh.api(path, { key: org.admin, body, headers: { 'Idempotency-Key': idempotencyKey } });

describe('an Idempotency-Key', () => {
  it('is of the request with its query: what was skipped is not answered as updated', async () => {
    const numbers = [{ phone_number: '+15550001111', friendly_name: 'Desk' }];
    const first = await send(`${IMPORT}?on_duplicate=skip`, 'one', numbers);
    expect(first).toMatchObject({ status: 200, body: { added: 1 } });
    const again = await send(`${IMPORT}?on_duplicate=skip`, 'one', numbers);
    expect(again).toMatchObject({ status: 200, text: first.text });
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await send(`${IMPORT}?on_duplicate=update`, 'one', numbers)).toMatchObject({
      status: 409,
      body: { code: 'idempotency-key-reused' },
    });
  });

  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  it.each([
    ['/api/v1/sip-trunks', `{"name":"Deep","gateway":"sip.example.com","register":false,"id":${deep}}`],
    ['/api/v1/phone-numbers', `{"phone_number":"+15550002222","id":${deep}}`],
    [IMPORT, `[{"phone_number":"+15550003333","id":${deep}}]`],
    [IMPORT, deep],
  ])('%s: a body that is too deep to be written down is refused', async (path, body) => {
    const answer = await send(path, 'deep', body);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid-request', errors: [{ pointer: '', detail: 'is nested too deeply' }] },
    });
    expect(mesh.logged()).not.toContain('nobody foresaw');
  });
});

describe('the entities of plain tables', () => {
  it('are what the migrations make', async () => {
    const db = await mesh.service.parts.record.opened;
    expect(db.entityMetadatas.map(({ tableName }) => tableName).sort()).toEqual([
      'api_keys',
      'idempotency_keys',
      'notification_channels',
      'notification_rules',
    ]);
    expect(await entityDifferences(db)).toEqual([]);
  });
});

describe('the age of an Idempotency-Key', () => {
  const DAY_MS = 86_400_000;
  /** This copy's own clock; PostgreSQL's goes on as before. */
  const clockIsAhead = (ms: number) => {
    mock.timers.enable({ apis: ['Date'], now: realNow() + ms });
  };
  const realNow = () => Math.round(performance.timeOrigin + performance.now());
  afterEach(() => {
    mock.timers.reset();
  });
  const create = (key: string) =>
    send('/api/v1/sip-trunks', key, { name: key, gateway: 'sip.example.com', register: false });

  it.each([2, -2])('is not that of a copy whose clock is %s days off', async (days) => {
    const name = `days${days}`;
    const first = await create(name);
    expect(first.status).toBe(201);
    clockIsAhead(days * DAY_MS);
    expect(new Date().getTime() - realNow()).toBeCloseTo(days * DAY_MS, -5);
    await forgetOldKeys(mesh.service.parts.record);
    const again = await create(name);
    expect(again).toMatchObject({ status: 201, text: first.text });
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await create(`${name}-late`)).toMatchObject({ status: 201 });
    mock.timers.reset();
    await forgetOldKeys(mesh.service.parts.record);
    expect((await create(`${name}-late`)).headers.get('Idempotency-Replayed')).toBe('true');
  });

  it('is a day: then the key is taken for another request', async () => {
    await create('old');
    await mesh.service.parts.record.query(
      `update idempotency_keys set created_at = now() - interval '25 hours' where key = 'old'`,
    );
    expect(await create('old')).toMatchObject({ status: 400, body: { code: 'duplicate-trunk-name' } });
    await forgetOldKeys(mesh.service.parts.record);
    expect(await mesh.service.parts.record.query(`select key from idempotency_keys where key = 'old'`)).toEqual([]);
  });

  it('does not decide when a key was last used', async () => {
    clockIsAhead(2 * DAY_MS);
    const {
      body: { key },
    } = await mesh.api('/api/v1/api-keys', { key: org.admin, body: { name: 'used', role: 'member' } });
    await mesh.api('/api/v1/sip-trunks', { key });
    const used = async () =>
      (
        await mesh.service.parts.record.query<{ last_used_at: Date | null }>(
          `select last_used_at from api_keys where name = 'used'`,
        )
      )[0]!.last_used_at;
    await eventually(async () => (await used()) !== null);
    expect((await used())!.getTime()).toBeLessThan(realNow() + DAY_MS);
  });
});
