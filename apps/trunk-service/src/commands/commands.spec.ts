import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { open, parseKeyRing, sealedWith } from '@trunkmesh/runtime/key-ring.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import { READ_MODELS } from '../read-models.pg.js';
import { readArguments } from './arguments.js';
import { rebuild } from './rebuild.pg.js';
import { rotateKeys } from './rotate-keys.pg.js';
import type { Running } from '@trunkmesh/runtime/operator-command.process.js';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 60_000);
afterAll(() => mesh?.stop());

const query = <Row>(sql: string, parameters: unknown[] = []) => mesh.service.parts.record.query<Row>(sql, parameters);
/** Every byte of every read model. */
const dump = async () =>
  Object.fromEntries(
    await Promise.all(
      READ_MODELS.flatMap(({ tables }) => tables).map(async (table) => [
        table,
        (await query<{ row: string }>(`select one::text as row from public.${table} as one order by 1`)).map(
          ({ row }) => row,
        ),
      ]),
    ),
  );
const shape = async () => [
  await query(
    'select conname, conrelid::regclass::text as on, pg_get_constraintdef(oid) as is from pg_constraint where ' +
      'connamespace = $1::regnamespace order by 1, 2',
    ['public'],
  ),
  await query(
    'select indexname, replace(indexdef, indexname, $2) as is from pg_indexes where schemaname = $1 order by 1',
    ['public', 'x'],
  ),
];
const quietly = (over: Partial<Running> = {}): Running => ({
  signal: new AbortController().signal,
  progress: () => undefined,
  ...over,
});

let last = 9_000_000;
const newNumber = () => `+1555${last++}`;
const trunk = (name: string, over: object = {}) => ({ name, gateway: 'sip.example.com', register: false, ...over });

/** Set, changed and cleared, on an organisation and on numbers: one is left with a secret of its own. */
async function callSettings({ id, admin }: Awaited<ReturnType<Mesh['organization']>>) {
  const settings = { media_url: 'wss://assistant.example.com', record: true, signing_secret: 'a-secret-of-a-test' };
  for (const body of [
    settings,
    { status_url: 'https://assistant.example.com', record: null },
    { signing_secret: 'another-secret-of-it' },
  ])
    await admin('PATCH', `/api/v1/organizations/${id}`, body);
  const { body: number } = await admin('POST', '/api/v1/phone-numbers', { phone_number: newNumber(), ...settings });
  await admin('PATCH', `/api/v1/phone-numbers/${number.id}`, { max_call_seconds: 60 });
  const { body: cleared } = await admin('POST', '/api/v1/phone-numbers', { phone_number: newNumber(), ...settings });
  await admin('PATCH', `/api/v1/phone-numbers/${cleared.id}`, { media_url: null, record: null, signing_secret: null });
  return { organization: id, number: number.id as string };
}

/** A bit of everything that can happen to the entities. */
async function history() {
  const [a, b] = [await mesh.organization(), await mesh.organization()];
  const [x, y] = ['1', '2'].map((n) => `01890000-cccc-7000-8000-${a.id.slice(-11)}${n}`);
  const [moving, staying] = [newNumber(), newNumber()];
  await a.admin('POST', '/api/sync-organization?timeout_ms=0', {
    trunks: [trunk('A', { id: x }), trunk('B', { id: y, register: true, username: 'u', password: 'p' })],
    numbers: [
      { phone_number: moving, sip_trunk_id: x },
      { phone_number: staying, sip_trunk_id: y },
    ],
  });
  await a.admin('POST', '/api/sync-organization?timeout_ms=0', {
    trunks: [trunk('B', { id: x }), trunk('A', { id: y, register: true, username: 'u' })],
    numbers: [{ phone_number: staying, sip_trunk_id: x, assistant_id: 3 }],
  });
  await b.admin('POST', '/api/v1/phone-numbers', { phone_number: moving });
  const { body: again } = await a.admin('POST', '/api/v1/phone-numbers', { phone_number: newNumber() });
  await a.admin('DELETE', `/api/v1/phone-numbers/${again.id}`);
  await a.admin('POST', '/api/v1/phone-numbers', { phone_number: again.phone_number, flow_id: 9 });
  await a.admin('DELETE', `/api/v1/sip-trunks/${x}?force=true`);
  await callSettings(a);
  await mesh.operator('POST', `/api/v1/organizations/${b.id}/suspend`);
  return { a, b };
}

describe('rebuild', () => {
  it('makes the read models byte for byte what they were, and mends what was broken', async () => {
    await history();
    const [before, tables] = [await dump(), await shape()];
    await query(`update numbers set is_active = not is_active, state = state || '{"friendly_name": "wrong"}'`);
    await query('delete from numbers where ctid = (select min(ctid) from numbers)');
    expect(await dump()).not.toEqual(before);
    const stages: [string, number, number][] = [];
    const { data } = { data: await mesh.service.parts.record.opened };
    const { events } = await rebuild(data, quietly({ progress: (...stage) => stages.push(stage) }));
    expect(await dump()).toEqual(before);
    expect(await shape()).toEqual(tables);
    expect(events).toBe(Number((await query<{ n: string }>('select count(*) as n from events'))[0]!.n));
    expect(stages.at(-1)).toEqual(['rebuilding', events, events]);
    expect(await query('select 1 from pg_namespace where nspname = $1', ['rebuild'])).toEqual([]);
  }, 60_000);

  it('goes on beside writers without losing or refusing one of their commands', async () => {
    const { admin } = await mesh.organization();
    let running = true;
    const writer = async () => {
      const added: string[] = [];
      while (running) {
        const { status, body } = await admin('POST', '/api/v1/phone-numbers', { phone_number: newNumber() });
        expect(status).toBe(201);
        added.push(body.phone_number);
        expect((await admin('PATCH', `/api/v1/phone-numbers/${body.id}`, { friendly_name: 'x' })).status).toBe(200);
      }
      return added;
    };
    const writers = Array.from({ length: 6 }, writer);
    for (let round = 0; round < 3; round++) await rebuild(await mesh.service.parts.record.opened, quietly());
    running = false;
    const added = (await Promise.all(writers)).flat();
    expect(added.length).toBeGreaterThan(6);
    expect(
      await query('select phone_number from numbers where phone_number = any($1) and state->>$2 = $3', [
        added,
        'friendly_name',
        'x',
      ]),
    ).toHaveLength(added.length);
    const after = await dump();
    await rebuild(await mesh.service.parts.record.opened, quietly());
    expect(await dump()).toEqual(after);
  }, 90_000);

  it('changes nothing when it is stopped, and can be run again', async () => {
    await history();
    const before = await dump();
    const stopping = new AbortController();
    await expect(
      rebuild(await mesh.service.parts.record.opened, {
        signal: AbortSignal.abort(new Error('stopped')),
        progress: () => undefined,
      }),
    ).rejects.toThrow('stopped');
    expect(await dump()).toEqual(before);
    expect(await query('select 1 from pg_namespace where nspname = $1', ['rebuild'])).toEqual([]);
    await rebuild(await mesh.service.parts.record.opened, quietly({ signal: stopping.signal }));
    expect(await dump()).toEqual(before);
  }, 60_000);
});

describe('rotate-keys', () => {
  const passwords = async () =>
    new Map(
      (
        await query<{ id: string; password: string | null; revision: number }>(
          `select id, state->>'password' as password, (state->>'gateway_revision')::int as revision from trunks
            where state->>'password' is not null`,
        )
      ).map((row) => [row.id, row]),
    );

  const secrets = async () =>
    Number(
      (
        await query<{ n: string }>(`select (select count(*) from trunks where state->>'password' is not null)
    + (select count(*) from organizations where state->'call_settings' ? 'signing_secret') + (select count(*) from
      numbers where state->'call_settings' ? 'signing_secret') as n`)
      )[0]!.n,
    );

  it('seals every password again with the first key, touches no gateway, and is done when it is done', async () => {
    const { admin } = await mesh.organization();
    for (const name of ['One', 'Two', 'Three'])
      await admin(
        'POST',
        '/api/v1/sip-trunks',
        trunk(name, { register: true, username: 'u', password: `secret of ${name}` }),
      );
    const [before, everything] = [await passwords(), await secrets()];
    const text = mesh.config.SECRET_KEYS;
    const ring = parseKeyRing(`k2:${randomBytes(32).toString('base64')},${text}`);
    const stages: string[] = [];
    const first = await rotateKeys(
      mesh.service.parts.record,
      ring,
      quietly({ progress: (stage) => stages.push(stage) }),
    );
    expect(first).toEqual({ total: everything, reencrypted: everything, unreadable: [] });
    expect(stages).toContain('encrypting again');
    const after = await passwords();
    for (const [id, { password, revision }] of after) {
      expect(sealedWith(password!)).toBe('k2');
      expect(revision).toBe(before.get(id)!.revision);
    }
    const [event] = await query<{ envelope: string }>(
      `select envelope from events where subject like '%.trunk.%' order by position desc limit 1`,
    );
    expect(JSON.parse(event!.envelope)).toMatchObject({
      type: 'TrunkCredentialsChanged',
      data: { change: { reason: 'reencrypted' } },
    });
    expect(await rotateKeys(mesh.service.parts.record, ring, quietly())).toEqual({
      total: 0,
      reencrypted: 0,
      unreadable: [],
    });
  });

  it('seals the signing secrets of organisations and numbers again, and says to nobody that they changed', async () => {
    const made = await mesh.organization();
    const { organization, number } = await callSettings(made);
    const sealed = async () =>
      (
        await query<{ id: string; secret: string }>(
          `
      select id, state #>> '{call_settings,signing_secret}' as secret from organizations where id = $1
      union all select id, state #>> '{call_settings,signing_secret}' from numbers where id = $2`,
          [organization, number],
        )
      ).map((row) => [row.id, row.secret] as const);
    const before = new Map(await sealed());
    const ring = parseKeyRing(`k3:${randomBytes(32).toString('base64')},${mesh.config.SECRET_KEYS}`);
    const last = Number(
      (await query<{ position: string }>('select max(position) as position from events'))[0]!.position,
    );
    const { total, reencrypted } = await rotateKeys(mesh.service.parts.record, ring, quietly());
    expect(total).toBeGreaterThanOrEqual(2);
    expect(reencrypted).toBeGreaterThanOrEqual(2);
    for (const [id, secret] of await sealed()) {
      expect(sealedWith(secret)).toBe('k3');
      expect(open(ring, secret, id)).toBe(open(parseKeyRing(mesh.config.SECRET_KEYS), before.get(id)!, id));
    }
    const events = (await query<{ envelope: string }>('select envelope from events where position > $1', [last])).map(
      ({ envelope }) => JSON.parse(envelope),
    );
    const changes = events
      .filter(({ data }) => [organization, number].includes(data.state.id))
      .map(({ type, data }) => [type, data.change])
      .sort();
    expect(changes).toEqual([
      ['NumberUpdated', { fields: [] }],
      ['OrganizationUpdated', {}],
    ]);
    const after = await dump();
    await rebuild(await mesh.service.parts.record.opened, quietly());
    expect(await dump()).toEqual(after);
  });

  it('names what it cannot open and leaves it, and goes on where it was stopped', async () => {
    const { admin } = await mesh.organization();
    await admin('POST', '/api/v1/sip-trunks', trunk('Kept', { register: true, username: 'u', password: 'secret' }));
    const before = await passwords();
    const stranger = parseKeyRing(`k9:${randomBytes(32).toString('base64')}`);
    const { unreadable, reencrypted } = await rotateKeys(mesh.service.parts.record, stranger, quietly());
    expect(reencrypted).toBe(0);
    expect(unreadable).toHaveLength(await secrets());
    for (const kind of ['organization', 'trunk', 'number'])
      expect(unreadable).toContainEqual({ kind, id: expect.any(String), key_id: expect.stringMatching(/^k[123]$/) });
    expect(await passwords()).toEqual(before);
    expect(
      await rotateKeys(mesh.service.parts.record, stranger, quietly({ signal: AbortSignal.abort() })),
    ).toMatchObject({ reencrypted: 0, unreadable: [] });
  });
});

describe('the arguments', () => {
  it.each([
    [['rebuild'], { name: 'rebuild' }],
    [['refill'], { name: 'refill', replace: false }],
    [['refill', '--replace'], { name: 'refill', replace: true }],
    [['rotate-keys'], { name: 'rotate-keys' }],
    [[], { name: 'help', problem: null }],
    [['--help'], { name: 'help', problem: null }],
    [['explode'], { name: 'help', problem: expect.stringContaining('explode') }],
    [['rebuild', '--replace'], { name: 'help', problem: expect.stringContaining('--replace') }],
  ])('%j', (args, command) => expect(readArguments(args)).toEqual(command));
});
