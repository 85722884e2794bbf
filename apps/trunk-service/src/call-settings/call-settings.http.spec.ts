import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { numberEvent } from '@trunkmesh/contracts/number.js';
import { organizationEvent } from '@trunkmesh/contracts/organization.js';
import { numberSubject, organizationSubject } from '@trunkmesh/contracts/subjects.js';
import { open } from '@trunkmesh/runtime/key-ring.js';
import fc from 'fast-check';
import type { OpenApi } from '../http/open-api.js';
import { BOOTSTRAP_KEY, clientOf, startFixture, type Fixture } from '../trunk-service.fixture.js';

let mesh: Fixture;
let org: Awaited<ReturnType<Fixture['organization']>>;
beforeAll(async () => {
  mesh = await startFixture();
  org = await mesh.organization();
}, 60_000);
afterAll(() => mesh?.stop());

/** Every secret that is sent, so that the last test finds any of them anywhere. */
const MARK = 'correct-horse-battery';
let secrets = 0;
const newSecret = () => `${MARK}-${(secrets += 1)}`;
let digits = 2_000_000;
const newNumber = () => `+1555${(digits += 1)}`;

const NUMBERS = '/api/v1/phone-numbers';
const SYNC = '/api/sync-organization?timeout_ms=0';
const NOTHING = {
  media_url: null,
  prewarm_url: null,
  status_url: null,
  answer_deadline_ms: null,
  max_call_seconds: null,
  record: null,
  has_signing_secret: false,
};
const SETTINGS = {
  media_url: 'wss://assistant.example.com/media?tenant=1',
  prewarm_url: 'https://assistant.example.com/prewarm',
  status_url: 'https://assistant.example.com/status',
  answer_deadline_ms: 4_000,
  max_call_seconds: 600,
  record: true,
};
const SHOWN = { ...SETTINGS, has_signing_secret: true };

const as =
  (key: string) =>
  (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    mesh.api(path, { method, key, headers, ...(body === undefined ? {} : { body }) });
const admin = (...sent: Parameters<ReturnType<typeof as>>) => as(org.admin)(...sent);
const here = (id = org.id) => `/api/v1/organizations/${id}`;

async function eventsOf(subject: string) {
  const rows = await mesh.service.parts.record.query<{ envelope: string }>(
    'select envelope from events where subject = $1 order by position',
    [subject],
  );
  return rows.map(({ envelope }) => JSON.parse(envelope));
}

describe('the call settings of an organisation', () => {
  it('are set by its admin, shown without the secret, and cleared by null', async () => {
    const signing_secret = newSecret();
    expect(await admin('GET', here())).toMatchObject({ status: 200, body: NOTHING });
    const set = await admin('PATCH', here(), { ...SETTINGS, signing_secret });
    expect(set).toMatchObject({ status: 200, body: SHOWN });
    expect(set.body).not.toHaveProperty('signing_secret');
    expect(set.body).not.toHaveProperty('call_settings');
    for (const key of [org.member, org.publisher]) {
      expect(await as(key)('GET', here())).toMatchObject({ status: 200, body: SHOWN });
      expect((await as(key)('PATCH', here(), { record: false })).status).toBe(403);
    }
    const [, event] = (await eventsOf(organizationSubject(org.id))).map((each) => organizationEvent.parse(each));
    expect(event).toMatchObject({
      type: 'OrganizationUpdated',
      data: {
        change: {
          call_settings_changed: [
            ...Object.keys(SETTINGS).slice(0, 3),
            'signing_secret',
            ...Object.keys(SETTINGS).slice(3),
          ],
        },
      },
    });
    expect(open(mesh.service.parts.keyRing, event!.data.state.call_settings!.signing_secret!, org.id)).toBe(
      signing_secret,
    );

    const etag = set.headers.get('etag');
    for (const body of [set.body, { signing_secret }, SETTINGS, {}])
      expect((await admin('PATCH', here(), body)).headers.get('etag')).toBe(etag);
    expect((await admin('PATCH', here(), { ...set.body, status: 'suspended' })).body).toMatchObject({
      status: 400,
      errors: [{ pointer: '/status' }],
    });
    expect(await admin('PATCH', here(), { media_url: '', record: null })).toMatchObject({
      status: 200,
      body: { ...SHOWN, media_url: null, record: null },
    });
    expect(await admin('PATCH', here(), { ...NOTHING, signing_secret: '' })).toMatchObject({
      status: 200,
      body: NOTHING,
    });
    expect((await eventsOf(organizationSubject(org.id))).at(-1).data.state).not.toHaveProperty('call_settings');
  });

  it('are given at its creation, once under an Idempotency-Key', async () => {
    const body = { name: 'Born with settings', ...SETTINGS, signing_secret: newSecret() };
    const [first, second] = [
      await as(BOOTSTRAP_KEY)('POST', '/api/v1/organizations', body, { 'Idempotency-Key': 'born' }),
      await as(BOOTSTRAP_KEY)('POST', '/api/v1/organizations', body, { 'Idempotency-Key': 'born' }),
    ];
    expect(first).toMatchObject({ status: 201, body: SHOWN });
    expect(second.body).toEqual(first.body);
    const [event] = (await eventsOf(organizationSubject(first.body.id))).map((each) => organizationEvent.parse(each));
    expect(open(mesh.service.parts.keyRing, event!.data.state.call_settings!.signing_secret!, first.body.id)).toBe(
      body.signing_secret,
    );
  });

  it("of another organisation are nobody's to change", async () => {
    const other = await mesh.organization();
    expect((await as(other.admin)('PATCH', here(), { record: true })).status).toBe(404);
  });
});

describe('the call settings of a number', () => {
  it('are set, changed, cleared; the secret stays until it is replaced or taken away', async () => {
    const signing_secret = newSecret();
    const made = await admin('POST', NUMBERS, { phone_number: newNumber(), ...SETTINGS, signing_secret });
    expect(made).toMatchObject({ status: 201, body: SHOWN });
    const at = `${NUMBERS}/${made.body.id}`;
    const sealed = async () =>
      (await eventsOf(numberSubject(org.id, made.body.phone_number))).map((each) => numberEvent.parse(each)).at(-1)!
        .data.state?.call_settings?.signing_secret;
    const first = await sealed();
    expect(open(mesh.service.parts.keyRing, first!, made.body.id)).toBe(signing_secret);

    for (const [method, body] of [
      ['PATCH', made.body],
      ['PUT', made.body],
      ['PATCH', { signing_secret }],
      ['PUT', { ...made.body, signing_secret }],
    ] as const)
      expect((await admin(method, at, body)).headers.get('etag')).toBe('"1"');
    expect(await admin('PUT', at, { record: false })).toMatchObject({
      status: 200,
      body: { ...NOTHING, record: false, has_signing_secret: true },
    });
    expect(await sealed()).toBe(first);
    expect(await admin('PATCH', at, { signing_secret: newSecret() })).toMatchObject({
      status: 200,
      body: { record: false, has_signing_secret: true },
    });
    expect(await sealed()).not.toBe(first);
    expect(await admin('PATCH', at, { signing_secret: null })).toMatchObject({
      status: 200,
      body: { record: false, has_signing_secret: false },
    });
    const events = (await eventsOf(numberSubject(org.id, made.body.phone_number))).map((each) =>
      numberEvent.parse(each),
    );
    expect(events.slice(1).map(({ type, data }) => [type, data.change])).toEqual(
      Array.from({ length: 3 }, () => ['NumberUpdated', { fields: ['call_settings'] }]),
    );
    expect(await admin('GET', at)).toMatchObject({ body: { ...NOTHING, record: false } });
    expect((await admin('GET', `${NUMBERS}?q=${made.body.phone_number.slice(1)}`)).body).toMatchObject([
      { record: false, has_signing_secret: false },
    ]);
  });

  it('that was added again are sealed for its new id', async () => {
    const body = { phone_number: newNumber(), signing_secret: newSecret() };
    for (let round = 0; round < 2; round += 1) {
      const made = await admin('POST', NUMBERS, body);
      const state = (await eventsOf(numberSubject(org.id, body.phone_number))).at(-1).data.state;
      expect(open(mesh.service.parts.keyRing, state.call_settings.signing_secret, made.body.id)).toBe(
        body.signing_secret,
      );
      expect((await admin('DELETE', `${NUMBERS}/${made.body.id}`)).status).toBe(204);
    }
  });

  it('leave no trace in the event of a number that has none', async () => {
    const { body } = await admin('POST', NUMBERS, { phone_number: newNumber(), ...NOTHING, signing_secret: null });
    expect(body).toMatchObject(NOTHING);
    expect(Object.keys((await eventsOf(numberSubject(org.id, body.phone_number)))[0].data.state)).toEqual([
      'id',
      'organization_id',
      'phone_number',
      'friendly_name',
      'provider',
      'is_active',
      'sip_trunk_id',
      'allowed_country_codes',
      'is_verified_caller_id',
      'capabilities',
      'target',
      'created_at',
      'updated_at',
    ]);
  });

  it('come by an import, as JSON and as CSV', async () => {
    const [one, two, three] = [newNumber(), newNumber(), newNumber()];
    expect(
      await admin('POST', `${NUMBERS}/import`, [{ phone_number: one, ...SETTINGS, signing_secret: newSecret() }]),
    ).toMatchObject({ status: 200, body: { added: 1 } });
    const csv = `phone_number,media_url,signing_secret,record,max_call_seconds\n${two},wss://a.example.com,${newSecret()},yes,60\n${three},,,,\n`;
    expect(await admin('POST', `${NUMBERS}/import`, csv, { 'Content-Type': 'text/csv' })).toMatchObject({
      status: 200,
      body: { added: 2 },
    });
    const shown = async (number: string) => (await admin('GET', `${NUMBERS}?q=${number.slice(1)}`)).body[0];
    expect(await shown(one)).toMatchObject(SHOWN);
    expect(await shown(two)).toMatchObject({
      ...NOTHING,
      media_url: 'wss://a.example.com',
      has_signing_secret: true,
      record: true,
      max_call_seconds: 60,
    });
    expect(await shown(three)).toMatchObject(NOTHING);
    const refused = await admin(
      'POST',
      `${NUMBERS}/import?on_duplicate=update`,
      `phone_number,media_url,signing_secret\n${two},wss://${MARK}@a.example.com,${newSecret()}\u0001\n`,
      { 'Content-Type': 'text/csv' },
    );
    expect(refused).toMatchObject({
      status: 422,
      body: {
        errors: [
          { line: 2, pointer: '/media_url' },
          { line: 2, pointer: '/signing_secret' },
        ],
      },
    });
    expect(
      (
        await admin('POST', `${NUMBERS}/import`, `${two},wss://a.example.com,${newSecret()}\n`, {
          'Content-Type': 'text/csv',
        })
      ).status,
    ).toBe(422);
  });
});

describe('the call settings in POST /api/sync-organization', () => {
  it("are the organisation's and its numbers'; without `settings` the organisation's stay", async () => {
    const { id, publisher, admin: key } = await mesh.organization();
    const [number, signing_secret] = [newNumber(), newSecret()];
    const body = {
      trunks: [],
      numbers: [{ phone_number: number, ...SETTINGS, signing_secret }],
      settings: { ...SETTINGS, signing_secret: newSecret() },
    };
    const first = await as(publisher)('POST', SYNC, body);
    expect(first).toMatchObject({
      status: 200,
      body: { changed: true, changes: { numbers: { created: { count: 1 } } } },
    });
    expect(first.body.changes.settings.sort()).toEqual([...Object.keys(SETTINGS), 'signing_secret'].sort());
    expect(await as(key)('GET', here(id))).toMatchObject({ body: SHOWN });
    expect((await as(key)('GET', NUMBERS)).body).toMatchObject([SHOWN]);
    expect(await as(publisher)('POST', SYNC, body)).toMatchObject({
      status: 200,
      body: { changed: false, changes: { settings: [] } },
    });

    expect(
      await as(publisher)('POST', SYNC, { trunks: [], numbers: [{ phone_number: number, record: true }] }),
    ).toMatchObject({ status: 200, body: { changes: { settings: [], numbers: { updated: { count: 1 } } } } });
    expect(await as(key)('GET', here(id))).toMatchObject({ body: SHOWN });
    expect((await as(key)('GET', NUMBERS)).body).toMatchObject([
      { ...NOTHING, record: true, has_signing_secret: true },
    ]);
    expect(
      await as(publisher)('POST', SYNC, {
        trunks: [],
        numbers: [{ phone_number: number, record: true }],
        settings: { record: false },
      }),
    ).toMatchObject({ status: 200, body: { changed: true } });
    expect(await as(key)('GET', here(id))).toMatchObject({
      body: { ...NOTHING, record: false, has_signing_secret: true },
    });
  });

  it('are refused with their place, and then nothing is done', async () => {
    const { id, publisher, admin: key } = await mesh.organization();
    const settings = { media_url: 'https://a.example.com', medai_url: 'x', record: true };
    const { status, body } = await as(publisher)('POST', SYNC, { trunks: [], numbers: [], settings });
    expect(status).toBe(400);
    expect(body.errors).toEqual(
      expect.arrayContaining([
        { pointer: '/settings/media_url', detail: expect.stringContaining('ws://') },
        { pointer: '/settings/medai_url', detail: expect.stringContaining('did you mean "media_url"') },
      ]),
    );
    expect(
      (
        await as(publisher)('POST', SYNC, {
          trunks: [],
          numbers: [{ phone_number: newNumber(), status_url: 'http://localhost' }],
          settings: { record: true },
        })
      ).body.errors,
    ).toMatchObject([{ pointer: '/numbers/0/status_url' }]);
    expect(await as(key)('GET', here(id))).toMatchObject({ body: NOTHING });
  });
});

describe('what is refused', () => {
  it.each<[string, object, string, RegExp]>([
    ['a URL of another kind', { media_url: 'https://a.example.com' }, '/media_url', /ws:\/\/ or wss:\/\//],
    ['a user name', { status_url: `https://me:${MARK}@a.example.com` }, '/status_url', /user name/],
    ['a private host', { prewarm_url: 'http://169.254.169.254/' }, '/prewarm_url', /link-local/],
    ['control characters', { media_url: 'wss://a.example.com/\r\nX: y' }, '/media_url', /control/],
    ['a huge URL', { media_url: `wss://a.example.com/${'x'.repeat(3_000)}` }, '/media_url', /at most 2048/],
    ['another type', { record: 'yes' }, '/record', /true or false/],
    ['a number that is none', { answer_deadline_ms: '6000' }, '/answer_deadline_ms', /number/],
    ['too little', { answer_deadline_ms: 1 }, '/answer_deadline_ms', /at least 500/],
    ['too much', { max_call_seconds: 1e9 }, '/max_call_seconds', /at most 86400/],
    ['a short secret', { signing_secret: MARK.slice(0, 15) }, '/signing_secret', /at least 16/],
    ['a secret that is no base64', { signing_secret: `whsec_${MARK}` }, '/signing_secret', /base64/],
    ['a secret of three bytes', { signing_secret: 'whsec_AAAA' }, '/signing_secret', /16 bytes/],
    ['a secret with half a character', { signing_secret: `${MARK}\ud800` }, '/signing_secret', /control characters/],
    ['a secret that is no text', { signing_secret: { secret: MARK } }, '/signing_secret', /text/],
    ['a misspelt name', { signing_secrets: MARK }, '/signing_secrets', /did you mean "signing_secret"/],
  ])('%s', async (_what, settings, pointer, message) => {
    const {
      body: { id },
    } = await admin('POST', NUMBERS, { phone_number: newNumber() });
    for (const [method, path, body] of [
      ['PATCH', here(), settings],
      ['PATCH', `${NUMBERS}/${id}`, settings],
      ['PUT', `${NUMBERS}/${id}`, settings],
      ['POST', NUMBERS, { phone_number: newNumber(), ...settings }],
    ] as const) {
      expect(await admin(method, path, body)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer, detail: expect.stringMatching(message) }] },
      });
    }
  });

  it('whatever is sent is taken or refused, never broken', async () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.jsonValue(),
      fc.constantFrom(
        'wss://[',
        'wss://a.example.com:0',
        'wss://%',
        `whsec_${'A'.repeat(100)}`,
        '\u0000',
        '\ud800',
        'x'.repeat(3_000),
        'https://a.example.com',
        -0,
        2 ** 53,
        1e308,
      ),
    );
    const body = fc.dictionary(
      fc.constantFrom(...Object.keys(NOTHING), 'signing_secret', 'call_settings', '__proto__', 'settings'),
      nasty,
      { maxKeys: 5 },
    );
    const {
      body: { id },
    } = await admin('POST', NUMBERS, { phone_number: newNumber() });
    for (const path of [here(), `${NUMBERS}/${id}`]) {
      await fc.assert(
        fc.asyncProperty(body, async (sent) => {
          const answer = await admin('PATCH', path, sent);
          expect([200, 400]).toContain(answer.status);
          const read = await admin('GET', path);
          expect(Object.keys(read.body)).toEqual(expect.arrayContaining(Object.keys(NOTHING)));
        }),
        { numRuns: 60 },
      );
      await admin('PATCH', path, { ...NOTHING, signing_secret: null });
    }
    expect(
      mesh
        .logged()
        .split('\n')
        .filter((line) => line.includes('nobody foresaw')),
    ).toEqual([]);
  }, 60_000);

  it('but a private host is taken where the installation allows it', async () => {
    const inside = await mesh.another({ ALLOW_PRIVATE_GATEWAYS: true });
    const api = clientOf(() => inside.url);
    const settings = { media_url: 'ws://assistant:8080/media', status_url: 'http://127.0.0.1:9000' };
    expect(await api(here(), { method: 'PATCH', key: org.admin, body: settings })).toMatchObject({
      status: 200,
      body: settings,
    });
    expect(await api(NUMBERS, { key: org.admin, body: { phone_number: newNumber(), ...settings } })).toMatchObject({
      status: 201,
      body: settings,
    });
    expect(
      await api(`${NUMBERS}/import`, { key: org.admin, body: [{ phone_number: newNumber(), ...settings }] }),
    ).toMatchObject({ status: 200, body: { added: 1 } });
    expect(
      await api(SYNC, {
        key: (await mesh.organization()).publisher,
        body: { trunks: [], numbers: [{ phone_number: newNumber(), ...settings }], settings },
      }),
    ).toMatchObject({ status: 200, body: { changed: true } });
  });
});

describe('/api/openapi.json', () => {
  const NAMES = Object.keys(SETTINGS);
  it('has the settings where they are sent, the secret write-only, and where they are read without it', async () => {
    const { paths, components } = (await mesh.api('/api/openapi.json')).body as OpenApi;
    /** The schema of what is sent or answered as JSON. */
    const schemaOf = (part: unknown) => {
      const { schema } = (part as { content: Record<string, { schema: { $ref: string } }> }).content[
        'application/json'
      ]!;
      return components!.schemas![schema.$ref.split('/').at(-1)!] as { properties: Record<string, object> };
    };
    for (const [path, method] of [
      ['/api/v1/organizations', 'post'],
      ['/api/v1/organizations/{id}', 'patch'],
      [NUMBERS, 'post'],
      [`${NUMBERS}/{id}`, 'put'],
      [`${NUMBERS}/{id}`, 'patch'],
    ] as const) {
      const operation = paths[path]![method]!;
      const { properties } = schemaOf(operation.requestBody);
      expect(Object.keys(properties)).toEqual(expect.arrayContaining([...NAMES, 'signing_secret']));
      expect(properties['signing_secret']).toMatchObject({ writeOnly: true });
      const answers = JSON.stringify(schemaOf(operation.responses['200'] ?? operation.responses['201']));
      for (const name of [...NAMES, 'has_signing_secret']) expect(answers).toContain(`"${name}"`);
      expect(answers).not.toContain('"signing_secret"');
    }
    for (const name of ['PhoneNumberEntry', 'OrganizationSync'])
      expect(JSON.stringify(components!.schemas![name])).toContain('"signing_secret"');
  });
});

describe('a prewarm_url without a media_url', () => {
  it('is taken, and the answer says that it does nothing by itself', async () => {
    const { id, admin: key } = await mesh.organization();
    const path = `/api/v1/organizations/${id}`;
    const set = (body: object) => mesh.api(path, { method: 'PATCH', key, body });
    const hints = [{ pointer: '/prewarm_url', message: expect.stringContaining('"media_url"') }];
    expect((await set({ prewarm_url: 'https://assistant.example.com/prewarm' })).body).toMatchObject({ hints });
    const read = await mesh.api(path, { key });
    expect(read.body).toMatchObject({ hints });
    expect((await set(read.body)).status).toBe(200);
    expect((await set({ media_url: 'wss://assistant.example.com/stream' })).body.hints).toEqual([]);
    expect((await set({ media_url: null, prewarm_url: null })).body.hints).toEqual([]);
  });
});

describe('the secrets', () => {
  it('stand in no event, no table, no log line and no answer', async () => {
    expect(secrets).toBeGreaterThan(9);
    const { record: store } = mesh.service.parts;
    const tables = await store.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in
        ('pg_catalog', 'information_schema')`,
    );
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['public.events', 'public.numbers', 'public.organizations', 'public.idempotency_keys']),
    );
    for (const { name } of tables)
      expect([
        name,
        await store.query(`select 1 from ${name} as one where one::text like $1 limit 1`, [`%${MARK}%`]),
      ]).toEqual([name, []]);
    expect(mesh.logged()).not.toContain(MARK);
    expect(mesh.logged()).not.toContain('assistant.example.com');
    expect(mesh.answered()).not.toContain(MARK);
    expect(mesh.answered() + mesh.logged()).not.toMatch(/v1\.test\./);
  });
});
