import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTelemetry, type Telemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { startFixture, type Fixture } from '../trunk-service.fixture.js';

const PASSWORD = 'a-password-that-must-not-be-seen';
const TRACE = '0af7651916cd43dd8448eb211c80319c';

let telemetry: Telemetry;
let metrics: Server;
let mesh: Fixture;
beforeAll(async () => {
  telemetry = startTelemetry('trunk-service', {});
  metrics = createServer((request, response) => telemetry.prometheus(request, response)).listen(0, '127.0.0.1');
  mesh = await startFixture();
}, 60_000);
afterAll(async () => {
  await mesh?.stop();
  metrics.close();
  await telemetry.shutdown();
});

const scrape = async () => (await fetch(`http://127.0.0.1:${(metrics.address() as AddressInfo).port}/metrics`)).text();

describe('one trace', () => {
  it('goes from the request into the event and the log', async () => {
    const org = await mesh.organization();
    const made = await mesh.api('/api/v1/sip-trunks', {
      key: org.admin,
      body: { name: 'a', gateway: 'sip.example.com', username: 'u', password: PASSWORD },
      headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` },
    });
    expect(made.status).toBe(201);
    const [row] = await mesh.service.parts.record.query<{ envelope: string }>(
      'select envelope from events where subject like $1',
      [`%${made.body.id}`],
    );
    const { traceparent } = JSON.parse(row!.envelope);
    expect(traceparent).toMatch(new RegExp(`^00-${TRACE}-[\\da-f]{16}-01$`));
    expect(traceparent).not.toContain('b7ad6b7169203331');
  });

  it.each(['', 'x', `00-${TRACE}-b7ad6b7169203331-01\t`, `zz-${TRACE}-b7ad6b7169203331-01`])(
    '%j begins a new one',
    async (traceparent) => {
      expect(await mesh.api('/health/live', { headers: { traceparent } })).toMatchObject({ status: 200 });
    },
  );
});

describe('the metrics', () => {
  it('count requests by route, never by path or value', async () => {
    const org = await mesh.organization();
    const {
      body: { id },
    } = await mesh.api('/api/v1/sip-trunks', {
      key: org.admin,
      body: { name: 'b', gateway: 'sip.example.com', username: 'u', password: PASSWORD },
    });
    await mesh.api(`/api/v1/sip-trunks/${id}`, { key: org.admin });
    await mesh.api(`/nothing/${id}`);
    const text = await scrape();
    expect(text).toMatch(
      /trunkmesh_http_request_duration_seconds_count\{[^}]*route="\/api\/v1\/sip-trunks\/:id"[^}]*status="200"/,
    );
    expect(text).toMatch(
      /trunkmesh_http_request_duration_seconds_count\{[^}]*method="GET"[^}]*route="none"[^}]*status="404"/,
    );
    expect(text).toContain('trunkmesh_relay');
    expect(text).not.toContain(id);
    expect(text).not.toContain(PASSWORD);
  });

  it('do not grow with methods that a stranger makes up', async () => {
    const answer = await mesh.api('/api/v1/sip-trunks', { method: 'PROPFIND' });
    expect(answer.status).toBe(404);
    expect(await scrape()).not.toContain('PROPFIND');
  });
});

describe('security headers', () => {
  it.each(['/', '/%', '/health/live', '/api/openapi.json', '/api/docs', '/api/v1/sip-trunks', '/api/v1/nothing'])(
    'are sent with %s',
    async (path) => {
      const { headers } = await mesh.api(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d+/);
      expect(headers.get('x-powered-by')).toBeNull();
    },
  );
});
