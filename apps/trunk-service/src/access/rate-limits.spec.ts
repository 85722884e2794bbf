import { request as httpRequest, createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTelemetry, type Telemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { environmentSchema, type Config } from '../config.js';
import { BOOTSTRAP_KEY, clientOf, startFixture, type Api, type Fixture } from '../trunk-service.fixture.js';

const TRUNKS = '/api/v1/sip-trunks';
const WRONG = `tm_0123456789abcdef_${'x'.repeat(43)}`;

let telemetry: Telemetry;
let metrics: Server;
let mesh: Fixture;
let org: Awaited<ReturnType<Fixture['organization']>>;
beforeAll(async () => {
  telemetry = startTelemetry('trunk-service', {});
  metrics = createServer((request, response) => telemetry.prometheus(request, response)).listen(0, '127.0.0.1');
  mesh = await startFixture();
  org = await mesh.organization();
}, 60_000);
afterAll(async () => {
  await mesh.stop();
  metrics.close();
  await telemetry.shutdown();
});

const limited = async (limit: string) => {
  const text = await (await fetch(`http://127.0.0.1:${(metrics.address() as AddressInfo).port}/metrics`)).text();
  return Number(new RegExp(`trunkmesh_http_limited_total\\{[^}]*limit="${limit}"[^}]*\\} (\\d+)`).exec(text)?.[1] ?? 0);
};
/** The lines that this copy of the service logged for the limit. */
const lines = (limit: string) =>
  mesh
    .logged()
    .split('\n')
    .filter((line) => line.includes('refusing requests over the limit') && line.includes(`"limit":"${limit}"`));
/** A copy of its own: what one counts the others do not. */
const copy = async (over: Partial<Config>): Promise<Api> => {
  const { url } = await mesh.another(over);
  return clientOf(() => url);
};
const statuses = async (count: number, ask: (n: number) => ReturnType<Api>) => {
  const all: number[] = [];
  for (let n = 0; n < count; n += 1) all.push((await ask(n)).status);
  return all;
};
/** A window may end in between: what comes behind it is let through again, and is refused again. */
const expectLimited = (answers: number[], served: number) => {
  expect(answers.slice(0, served)).toEqual(Array<number>(served).fill(answers[0]!));
  expect(answers).toContain(429);
};

describe('keys that are wrong', () => {
  it('40 in a row from one address: 429 with Retry-After, one line in the log, and right keys go on', async () => {
    const api = await copy({});
    const answers = await statuses(90, () => api(TRUNKS, { key: WRONG }));
    expectLimited(answers, 30);
    expect(new Set(answers)).toEqual(new Set([401, 429]));
    await eventually(async () => {
      const refused = await api(TRUNKS, { key: `${BOOTSTRAP_KEY}x` });
      if (refused.status !== 429) return false;
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(refused.body).toMatchObject({ code: 'too-many-requests', detail: expect.stringContaining('30 a minute') });
      return true;
    });
    expect((await api(TRUNKS, { key: org.admin })).status).toBe(200);
    expect(await limited('failed-authentications')).toBeGreaterThanOrEqual(30);
    expect([1, 2]).toContain(lines('failed-authentications').length);
    expect(lines('failed-authentications')[0]).toContain('127.0.0.1');
    expect(mesh.logged()).not.toContain(WRONG);
  });
});

describe('requests of one', () => {
  it('key are limited; another key of the organisation goes on, and so does the operator', async () => {
    const api = await copy({ RATE_LIMIT_KEY: 20 });
    expectLimited(await statuses(45, () => api(TRUNKS, { key: org.admin })), 20);
    expect((await api(TRUNKS, { key: org.member })).status).toBe(200);
    expect(new Set(await statuses(45, () => api('/api/v1/organizations', { key: BOOTSTRAP_KEY })))).toEqual(
      new Set([200]),
    );
    expect([1, 2]).toContain(lines('key').length);
    expect(lines('key')[0]).toContain(org.id);
    expect(await limited('key')).toBeGreaterThan(0);
  });

  it('organisation are limited together; another organisation goes on', async () => {
    const other = await mesh.organization();
    const api = await copy({ RATE_LIMIT_ORGANIZATION: 20 });
    expectLimited(await statuses(45, (n) => api(TRUNKS, { key: n % 2 === 0 ? org.admin : org.member })), 20);
    expect((await api(TRUNKS, { key: other.admin })).status).toBe(200);
    expect(await limited('organization')).toBeGreaterThan(0);
  });

  it('address are limited, whatever the keys and whatever X-Forwarded-For says', async () => {
    const api = await copy({ RATE_LIMIT_ADDRESS: 20 });
    const from = (n: number) => ({ 'X-Forwarded-For': `192.0.2.${n}` });
    expectLimited(
      await statuses(45, (n) => api(TRUNKS, { key: n % 2 === 0 ? org.admin : org.member, headers: from(n) })),
      20,
    );
    expect((await api('/health/live')).status).toBe(200);
  });

  it('address behind a trusted proxy are told apart, a /64 of IPv6 is one', async () => {
    const api = await copy({
      RATE_LIMIT_ADDRESS: 20,
      TRUSTED_PROXIES: environmentSchema.shape.TRUSTED_PROXIES.parse('loopback, 198.51.100.0/24'),
    });
    const ask = (address: string) =>
      api(TRUNKS, { key: org.admin, headers: { 'X-Forwarded-For': `203.0.113.66, ${address}` } });
    expect(new Set(await statuses(45, (n) => ask(`192.0.2.${n}`)))).toEqual(new Set([200]));
    expectLimited(await statuses(45, (n) => ask(`2001:db8::${(n + 1).toString(16)}`)), 20);
    expect((await ask('2001:db8:0:1::1')).status).toBe(200);
  });

  it.each(['10.0.0.0/33', 'example.com', 'loopback;10.0.0.1'])('a proxy called %j is refused at the start', (text) =>
    expect(environmentSchema.shape.TRUSTED_PROXIES.safeParse(text).success).toBe(false),
  );
});

describe('large requests', () => {
  it('of one organisation at once are limited; an answered or aborted one frees its place', async () => {
    const { url } = await mesh.another({ QUOTA_PARALLEL_IMPORTS: 1 });
    const api = clientOf(() => url);
    const IMPORT = '/api/v1/phone-numbers/import';
    const headers = { Authorization: `Bearer ${org.admin}`, 'Content-Type': 'application/json' };
    // One that meets a request of this test is refused itself, and has to come again.
    const begin = () => {
      const request = httpRequest(url + IMPORT, { method: 'POST', agent: false, headers });
      request
        .on('error', () => undefined)
        .on('response', () => {
          request.destroy();
          slow = begin();
        });
      request.write('[');
      return request;
    };
    let slow = begin();
    const refused = await eventually(async () => {
      const answer = await api(IMPORT, { key: org.admin, body: [] });
      return answer.status === 429 ? answer : undefined;
    });
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(
      await api('/api/sync-organization?timeout_ms=0', { key: org.publisher, body: { trunks: [], numbers: [] } }),
    ).toMatchObject({ status: 429 });
    expect((await api(TRUNKS, { key: org.admin })).status).toBe(200);
    expect((await api(IMPORT, { key: (await mesh.organization()).admin, body: [] })).status).toBe(200);
    slow.destroy();
    await eventually(async () => (await api(IMPORT, { key: org.admin, body: [] })).status === 200);
    expect((await api(IMPORT, { key: org.admin, body: [] })).status).toBe(200);
  });
});

describe('connections', () => {
  it('beyond the limit are closed, and counted', async () => {
    const { url } = await mesh.another({ MAX_CONNECTIONS: 3 });
    const open = Array.from({ length: 6 }, () => connect(Number(new URL(url).port), '127.0.0.1'));
    let closed = 0;
    for (const socket of open)
      socket
        .on('error', () => undefined)
        .on('close', () => {
          closed += 1;
        })
        .resume();
    await eventually(() => closed === 3);
    expect(await limited('connections')).toBe(3);
    for (const socket of open) socket.destroy();
    await eventually(
      async () =>
        (await fetch(`${url}/health/live`).then(
          ({ status }) => status,
          () => 0,
        )) === 200,
    );
  });
});
