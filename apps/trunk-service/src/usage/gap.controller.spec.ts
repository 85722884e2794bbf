import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { USAGE_GAPS } from '@trunkmesh/contracts/subjects.js';
import type { UsageGap } from '@trunkmesh/contracts/usage-gap.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';

const GAPS = '/api/v1/usage/gaps';
const gap: UsageGap = {
  bridge_id: 'bridge-1',
  bridge_epoch: '0190a5b2-7c00-7000-8000-00000000000b',
  first: 17,
  last: 19,
  after: '2026-11-23T00:44:09.871Z',
  before: null,
  requested: true,
  acceptance: null,
};
let mesh: Mesh;
let nc: NatsConnection;
let asked = 0;
beforeAll(async () => {
  mesh = await startMesh();
  nc = await connectNats(mesh.nats.url, { name: 'others', logger: createLogger('test', { level: 'silent' }) });
  await eventually(() => mesh.service.parts.nats.connection !== undefined);
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
});

describe('GET /api/v1/usage/gaps', () => {
  it('is for the operator, and for no key of an organisation', async () => {
    const { admin, member, publisher, id } = await mesh.organization();
    expect(await mesh.operator('GET', GAPS)).toMatchObject({ status: 503, body: { code: 'usage-unavailable' } });
    nc.subscribe(USAGE_GAPS, {
      callback: (_error, message) => {
        asked += 1;
        message.respond(JSON.stringify({ outcome: 'gaps', items: [gap], total: 1 }));
      },
    });
    await nc.flush();
    for (const key of [admin, member, publisher])
      expect(await key('GET', GAPS, undefined, { 'X-Organization-Id': id })).toMatchObject({
        status: 403,
        body: { code: 'not-allowed' },
      });
    expect(asked).toBe(0);
    expect(await mesh.operator('GET', GAPS)).toMatchObject({ status: 200, body: { items: [gap], total: 1 } });
  });
});
