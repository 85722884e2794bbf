import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import type { BridgeHeartbeat, GatewayStateChanged, GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { gatewaySubject } from '@trunkmesh/contracts/subjects.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import { notePresence } from './bridge-presence.pg.js';
import { forgetGatewayChanges } from './gateway-changes.pg.js';
import type { RegistrationChange } from './registrations-view.js';

const HOUR = 3_600_000;
let mesh: Mesh;
let nc: NatsConnection;
beforeAll(async () => {
  mesh = await startMesh();
  nc = await connectNats(mesh.nats.url, { name: 'agents', logger: createLogger('test', { level: 'silent' }) });
  await ensureStreams(nc);
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
});

let trunks = 0;
async function owner() {
  const organization = await mesh.organization();
  const { body } = await organization.admin('POST', '/api/v1/sip-trunks', {
    name: `Carrier ${(trunks += 1)}`,
    gateway: 'sip.example.com',
    username: 'u',
    password: 'p',
  });
  return { ...organization, trunk: body.id as string, path: `/api/v1/sip-trunks/${body.id}/registrations` };
}

const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR).toISOString();

async function publish(of: { id: string; trunk: string }, bridge: string, over: Partial<GatewayStatus>) {
  const at = over.since ?? new Date().toISOString();
  const state: GatewayStatus = {
    organization_id: of.id,
    trunk_id: of.trunk,
    bridge_id: bridge,
    applied_revision: 1,
    desired_revision: 1,
    error: null,
    state: 'REGED',
    sip_status: 200,
    sip_phrase: 'OK',
    ping: null,
    since: at,
    updated_at: at,
    ...over,
  };
  const event: GatewayStateChanged = {
    specversion: '1.0',
    id: randomUUID(),
    source: 'test',
    type: 'GatewayStateChanged',
    subject: gatewaySubject(of.id, of.trunk, bridge),
    time: at,
    datacontenttype: 'application/json',
    data: { change: { from: null }, state },
  };
  for (let twice = 0; twice < 2; twice += 1) await jetstream(nc).publish(event.subject, JSON.stringify(event));
}

const beat = (bridge_id: string, over: { at: string; since: string | null; instance_id?: string; runs?: boolean }) =>
  ({
    bridge_id,
    instance_id: over.instance_id ?? '01890000-0000-7000-8000-000000000001',
    started_at: over.at,
    at: over.at,
    freeswitch: {
      connected: over.since !== null,
      profile_running: over.runs ?? true,
      since: over.since,
      version: null,
    },
  }) as BridgeHeartbeat;

describe('the registrations of a trunk', () => {
  it('list every change once with its duration, and the availability of the day', async () => {
    const mine = await owner();
    const bridge = `r-${mine.trunk.slice(-6)}`;
    await publish(mine, bridge, { since: hoursAgo(50) });
    await publish(mine, bridge, { since: hoursAgo(49), state: 'FAILED', sip_status: 403, sip_phrase: 'Forbidden' });
    await publish(mine, bridge, { since: hoursAgo(48) });
    await jetstream(nc).publish(gatewaySubject(mine.id, mine.trunk, bridge), '{');
    await notePresence(mesh.service.parts.record, [beat(bridge, { at: hoursAgo(-0.01), since: hoursAgo(60) })]);
    const body = await eventually(async () => {
      const answer = await mine.member('GET', `${mine.path}?days=4`);
      return answer.body.items.length === 3 && answer.body;
    });
    expect(body.items.map(({ state, duration_seconds }: RegistrationChange) => [state, duration_seconds])).toEqual([
      ['REGED', expect.closeTo(48 * 3600, -2)],
      ['FAILED', 3600],
      ['REGED', 3600],
    ]);
    expect(body.items[1]).toMatchObject({ up: false, sip_status: 403, ended_by: 'change', bridge_id: bridge });
    expect(body.items[0]).toMatchObject({ up: true, until: null, ended_by: null });
    expect(body).toMatchObject({ time_zone: 'UTC', next_cursor: null });
    expect(body.availability).toHaveLength(4);
    const sum = (name: string) =>
      body.availability.reduce((all: number, day: Record<string, number>) => all + day[name]!, 0);
    expect(sum('down_seconds')).toBe(3600);
    expect(sum('up_seconds')).toBeCloseTo(49 * 3600, -2);
    expect(body.availability[0]).toMatchObject({ down_seconds: 0, unknown_seconds: 0, availability: 1 });
  });

  it('come in pages, and are nobody else’s', async () => {
    const [mine, theirs] = [await owner(), await owner()];
    for (const hours of [5, 4, 3]) await publish(mine, 'r-pages', { since: hoursAgo(hours), sip_status: 200 + hours });
    await eventually(async () => (await mine.member('GET', mine.path)).body.items.length === 3);
    const first = (await mine.member('GET', `${mine.path}?limit=2`)).body;
    const second = (await mine.member('GET', `${mine.path}?limit=2&cursor=${first.next_cursor}`)).body;
    expect([...first.items, ...second.items].map(({ sip_status }: RegistrationChange) => sip_status)).toEqual([
      203, 204, 205,
    ]);
    expect(second.next_cursor).toBeNull();
    // No heartbeat of this bridge was ever seen: its last word is not taken for the present.
    expect(first.items[0]).toMatchObject({ ended_by: 'bridge-lost', duration_seconds: 0 });
    expect(first.availability[0]).toMatchObject({ up_seconds: 0, availability: null });
    expect((await theirs.admin('GET', mine.path)).status).toBe(404);
    expect((await mine.member('GET', `${mine.path}?days=91`)).status).toBe(400);
  });

  it('know how long a bridge was there: a process that goes on, not one that was replaced', async () => {
    const store = mesh.service.parts.record;
    const intervals = async (bridge: string) =>
      (
        await store.query<{ hours: number }>(
          `select round(extract(epoch from until - since) / 3600)::int as hours from bridge_presence
           where bridge_id = $1 order by since`,
          [bridge],
        )
      ).map(({ hours }) => hours);
    const since = hoursAgo(20);
    await notePresence(store, [beat('r-one', { at: hoursAgo(18), since })]);
    await notePresence(store, [beat('r-one', { at: hoursAgo(10), since })]);
    await notePresence(store, [beat('r-one', { at: hoursAgo(10), since })]);
    expect(await intervals('r-one')).toEqual([10]);
    await notePresence(store, [beat('r-one', { at: hoursAgo(9), since, runs: false })]);
    await notePresence(store, [beat('r-one', { at: hoursAgo(8), since })]);
    await notePresence(store, [beat('r-one', { at: hoursAgo(6), since })]);
    expect(await intervals('r-one')).toEqual([10, 2]);
    const instance_id = '01890000-0000-7000-8000-000000000002';
    await notePresence(store, [beat('r-one', { at: hoursAgo(1), since: hoursAgo(3), instance_id })]);
    expect(await intervals('r-one')).toEqual([10, 2, 2]);
  });

  it('forget what is old, but not the state that holds', async () => {
    const mine = await owner();
    for (const days of [200, 150, 100, 1]) await publish(mine, 'r-old', { since: hoursAgo(days * 24) });
    await eventually(async () => (await mine.member('GET', mine.path)).body.items.length === 4);
    await forgetGatewayChanges(mesh.service.parts.record);
    expect((await mine.member('GET', mine.path)).body.items).toHaveLength(2);
    await mine.admin('DELETE', `/api/v1/sip-trunks/${mine.trunk}`);
    await forgetGatewayChanges(mesh.service.parts.record);
    const [left] = await mesh.service.parts.record.query<{ count: string }>(
      'select count(*) from gateway_changes where trunk_id = $1',
      [mine.trunk],
    );
    expect(left!.count).toBe('0');
  });
});
