import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState } from '@trunkmesh/contracts/trunk.js';
import { handle } from '../event-store/handle.pg.js';
import { startMesh, type Api, type Mesh } from '../mesh.fixture.js';
import { decide } from '../trunk/trunk.js';
import type { HistoryEntry } from './history-entry.js';

const LIST = '/api/v1/events';
const PASSWORD = 'a-password-of-this-test';
const SECRET = 'a-signing-secret-of-this-test';

let mesh: Mesh;
let mine: Awaited<ReturnType<Mesh['organization']>>;
let theirs: Awaited<ReturnType<Mesh['organization']>>;
let trunk: string;
let everything: HistoryEntry[];

const items = async (api: Api, query = ''): Promise<HistoryEntry[]> => (await api('GET', `${LIST}${query}`)).body.items;

beforeAll(async () => {
  mesh = await startMesh();
  [mine, theirs] = [await mesh.organization('Mine'), await mesh.organization('Theirs')];
  const { body } = await mine.admin('POST', '/api/v1/sip-trunks', {
    name: 'Carrier',
    gateway: 'sip.example.com',
    username: 'u',
    password: PASSWORD,
  });
  trunk = body.id;
  await mine.admin('PATCH', `/api/v1/sip-trunks/${trunk}`, { priority: 3, password: `${PASSWORD}-2` });
  await mine.admin('POST', '/api/v1/phone-numbers', { phone_number: '+15551230001', sip_trunk_id: trunk });
  await mesh.operator('PATCH', `/api/v1/organizations/${mine.id}`, { name: 'Renamed' });
  await mine.admin('PATCH', `/api/v1/organizations/${mine.id}`, {
    media_url: 'wss://assistant.example.com',
    signing_secret: SECRET,
  });
  await theirs.admin('POST', '/api/v1/phone-numbers', { phone_number: '+15551230002' });
  everything = await items(mine.admin, '?limit=1000');
}, 60_000);
afterAll(() => mesh?.stop());

describe('the history of an organisation', () => {
  it('says who changed what, when and from where, with the values before and after', () => {
    const changed = everything.find(
      ({ type, changes }) => type === 'TrunkUpdated' && changes.some(({ field }) => field === 'priority'),
    );
    expect(changed).toMatchObject({
      entity: { kind: 'trunk', id: trunk, name: 'Carrier' },
      actor: { kind: 'api-key', key_name: 'admin', address: '127.0.0.1' },
    });
    expect(changed!.changes).toContainEqual({ field: 'priority', before: 10, after: 3 });
    expect(changed!.changes).toContainEqual({ field: 'has_password', before: true, after: true });
    expect(everything.find(({ changes }) => changes.some(({ after }) => after === 'Renamed'))!.actor).toMatchObject({
      kind: 'operator',
      key_id: null,
    });
    expect(everything.at(-1)).toMatchObject({ type: 'OrganizationCreated', version: 1 });
    expect(everything.filter(({ type }) => type === 'ApiKeyCreated')).toHaveLength(3);
  });

  it('never shows a secret, in no spelling', () => {
    const text = JSON.stringify(everything);
    for (const secret of [PASSWORD, SECRET, 'v1.k1']) expect(text).not.toContain(secret);
    expect(text).toContain('call_settings.has_signing_secret');
  });

  it('is filtered by entity, type and time', async () => {
    expect((await items(mine.admin, `?entity=trunk&entity_id=${trunk}`)).map(({ version }) => version)).toEqual(
      [...everything.filter(({ entity }) => entity.kind === 'trunk')].map(({ version }) => version),
    );
    expect(await items(mine.admin, '?entity=number&entity_id=%2B15551230001')).toHaveLength(1);
    expect(await items(mine.admin, '?type=TrunkCreated&entity=number')).toEqual([]);
    expect((await items(mine.admin, '?type=TrunkCreated')).map(({ type }) => type)).toEqual(['TrunkCreated']);
    const { at } = everything.at(-1)!;
    expect((await items(mine.admin, `?date_to=${at}`)).map(({ version }) => version)).toEqual([1]);
    expect(await items(mine.admin, '?date_from=2100-01-01')).toEqual([]);
    for (const query of ['?entity_id=x', '?entity=trunk&entity_id=x', '?type=Nothing', '?nothing=1', '?cursor=bm9uZQ'])
      expect((await mine.admin('GET', `${LIST}${query}`)).status).toBe(400);
  });

  it('is filtered by who did it: a key, the operator, the platform; changes without events too', async () => {
    const key = everything.find(({ type }) => type === 'TrunkCreated')!.actor.key_id!;
    const idsOf = (list: readonly HistoryEntry[]) => list.map(({ id }) => id);
    const by = async (actor: string, more = '') => idsOf(await items(mine.admin, `?limit=1000&actor=${actor}${more}`));
    const ofKey = everything.filter(({ actor }) => actor.key_id === key);
    expect(await by(key)).toEqual(idsOf(ofKey));
    expect(await by(key, '&entity=trunk')).toEqual(idsOf(ofKey.filter(({ entity }) => entity.kind === 'trunk')));
    expect(await by(key, '&type=TrunkUpdated')).toEqual(idsOf(ofKey.filter(({ type }) => type === 'TrunkUpdated')));
    const ofOperator = everything.filter(({ actor }) => actor.kind === 'operator');
    expect(ofOperator.some(({ entity }) => entity.kind === 'api-key')).toBe(true);
    expect(await by('operator')).toEqual(idsOf(ofOperator));
    expect([await by('unknown'), await by('system')]).toEqual([[], []]);
    expect((await items(theirs.admin, `?actor=${key}`)).length).toBe(0);
    expect((await mine.admin('GET', `${LIST}?actor=somebody`)).status).toBe(400);
  });

  it('comes in pages that miss and repeat nothing', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await mine.admin('GET', `${LIST}?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ id }: HistoryEntry) => id));
      cursor = body.next_cursor;
    }
    expect(seen).toEqual(everything.map(({ id }) => id));
  });

  it('says of what no request caused that the platform did it', async () => {
    const { body } = await theirs.admin('POST', '/api/v1/sip-trunks', {
      name: 'Registered',
      gateway: 'sip.example.com',
      register: true,
      username: 'u',
      password: PASSWORD,
    });
    const place = { type: 'PlaceTrunk', bridge_id: 'bridge-1' } as const;
    await handle(
      mesh.service.parts.record,
      { subject: trunkSubject(theirs.id, body.id), schema: trunkState },
      (state, next) => decide(state, place, next),
    );
    expect((await items(theirs.admin, `?entity=trunk&entity_id=${body.id}`))[0]).toMatchObject({
      type: 'TrunkPlaced',
      actor: { kind: 'system', key_id: null, key_name: null, address: null },
    });
  });

  it("is shown to the organisation's admins and the operator alone", async () => {
    expect((await mine.member('GET', LIST)).status).toBe(403);
    expect((await theirs.admin('GET', `${LIST}?entity=trunk&entity_id=${trunk}`)).body.items).toEqual([]);
    expect(JSON.stringify(await items(theirs.admin, '?limit=1000'))).not.toContain(mine.id);
    expect((await mesh.operator('GET', LIST)).status).toBe(400);
    const { body } = await mesh.operator('GET', `${LIST}?limit=1000`, undefined, { 'X-Organization-Id': mine.id });
    expect(body.items).toEqual(everything);
  });

  it('has API keys and the settings of notifications, which have no events', async () => {
    const { body } = await theirs.admin('POST', '/api/v1/api-keys', { name: 'Extra', role: 'member' });
    await theirs.admin('DELETE', `/api/v1/api-keys/${body.id}`);
    await theirs.admin('DELETE', `/api/v1/api-keys/${body.id}`);
    const keys = await items(theirs.admin, `?entity=api-key&entity_id=${body.id}`);
    expect(keys).toMatchObject([
      { type: 'ApiKeyRevoked', entity: { name: 'Extra' }, actor: { kind: 'api-key', key_name: 'admin' } },
      { type: 'ApiKeyCreated', version: null, changes: [{ field: 'name' }, { field: 'role', after: 'member' }] },
    ]);
    expect(JSON.stringify(keys)).not.toContain(body.key);
    const channel = { kind: 'webhook', name: 'Hook', url: 'https://hooks.example.com/?token=a-secret-of-the-url' };
    const made = (await theirs.admin('POST', '/api/v1/notifications/channels', channel)).body;
    await theirs.admin('PATCH', `/api/v1/notifications/channels/${made.id}`, { enabled: false });
    await theirs.admin('DELETE', `/api/v1/notifications/channels/${made.id}`);
    const changes = await items(theirs.admin, '?entity=notification-channel');
    expect(changes.map(({ type }) => type)).toEqual([
      'NotificationChannelDeleted',
      'NotificationChannelUpdated',
      'NotificationChannelCreated',
    ]);
    expect(changes[1]!.changes).toEqual([{ field: 'enabled', before: true, after: false }]);
    for (const secret of ['a-secret-of-the-url', made.signing_secret, 'v1.k1'])
      expect(JSON.stringify(changes)).not.toContain(secret);
    expect(await items(mine.admin, '?entity=notification-channel')).toEqual([]);
  });

  it('says that it does not know who wrote an event of an older version', async () => {
    const id = '01890000-0000-7000-8000-000000000001';
    const subject = trunkSubject(theirs.id, id);
    const envelope = {
      specversion: '1.0',
      id,
      source: 'trunk-service',
      type: 'TrunkDeleted',
      subject,
      time: '2026-11-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      entityversion: 1,
      data: { change: {}, state: null },
    };
    await mesh.service.parts.record.query(
      'insert into events (subject, version, id, time, envelope) values ($1, 1, $2, $3, $4)',
      [subject, id, envelope.time, JSON.stringify(envelope)],
    );
    expect((await items(theirs.admin, `?entity=trunk&entity_id=${id}`))[0]!.actor).toEqual({
      kind: 'unknown',
      key_id: null,
      key_name: null,
      address: null,
    });
  });
});
