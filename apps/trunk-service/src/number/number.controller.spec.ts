import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import { IMPORT_COLUMNS } from './import-row.js';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 60_000);
afterAll(() => mesh?.stop());

const trunk = (name: string) => ({ name, gateway: 'sip.example.com', register: false });
const NUMBERS = '/api/v1/phone-numbers';

async function organization() {
  const made = await mesh.organization();
  const { body } = await made.admin('POST', '/api/v1/sip-trunks', trunk('Carrier'));
  return { ...made, trunk: body.id as string };
}

let last = 1_000_000;
const newNumber = () => `+1555${++last}`;

describe('phone numbers over HTTP', () => {
  it('are added in the canonical form, read, changed and removed', async () => {
    const { admin, trunk: sip_trunk_id } = await organization();
    const created = await admin('POST', NUMBERS, {
      phone_number: '+1 (555) 123-4567',
      friendly_name: 'Main',
      sip_trunk_id,
      assistant_id: 42,
    });
    expect(created).toMatchObject({
      status: 201,
      body: {
        phone_number: '+15551234567',
        friendly_name: 'Main',
        provider: null,
        is_active: true,
        sip_trunk_id,
        allowed_country_codes: null,
        assistant: { id: 42, name: null, is_active: true },
        flow: null,
      },
    });
    const at = `${NUMBERS}/${created.body.id}`;
    expect(created.headers.get('Location')).toBe(at);
    const read = await admin('GET', at);
    expect(read).toMatchObject({ status: 200, body: created.body });
    expect((await admin('GET', at, undefined, { 'If-None-Match': read.headers.get('ETag')! })).status).toBe(304);
    expect(await admin('PATCH', at, { flow_id: 7 })).toMatchObject({
      status: 200,
      body: { assistant: null, flow: { id: 7 }, friendly_name: 'Main' },
    });
    expect(
      await admin('PUT', at, {
        phone_number: '+1 555 123 4567',
        assistant: { id: 3, name: 'Reception', is_active: false },
      }),
    ).toMatchObject({
      status: 200,
      body: { assistant: { id: 3, name: 'Reception', is_active: false }, friendly_name: null, sip_trunk_id: null },
    });
    expect((await admin('DELETE', at)).status).toBe(204);
    expect((await admin('GET', at)).status).toBe(404);
    expect((await admin('POST', NUMBERS, { phone_number: '+15551234567' })).status).toBe(201);
  });

  it('are changed only on the version that was read', async () => {
    const { admin } = await organization();
    const created = await admin('POST', NUMBERS, { phone_number: newNumber() });
    const at = `${NUMBERS}/${created.body.id}`;
    const first = { 'If-Match': created.headers.get('ETag')! };
    const changed = await admin('PATCH', at, { friendly_name: 'A' }, first);
    expect(changed.status).toBe(200);
    expect(await admin('PATCH', at, { friendly_name: 'B' }, first)).toMatchObject({
      status: 412,
      body: { code: 'precondition-failed' },
    });
    expect((await admin('DELETE', at, undefined, first)).status).toBe(412);
    expect((await admin('DELETE', at, undefined, { 'If-Match': changed.headers.get('ETag')! })).status).toBe(204);
  });

  it('are added once, however often the request is repeated under one key', async () => {
    const { admin } = await organization();
    const body = { phone_number: newNumber() };
    const headers = { 'Idempotency-Key': 'one' };
    const first = await admin('POST', NUMBERS, body, headers);
    const second = await admin('POST', NUMBERS, body, headers);
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(await admin('POST', NUMBERS, { phone_number: newNumber() }, headers)).toMatchObject({
      status: 409,
      body: { code: 'idempotency-key-reused' },
    });
  });

  it("are assigned the platform's way, and taken off with an empty string", async () => {
    const { admin, trunk: sip_trunk_id } = await organization();
    const { body } = await admin('POST', NUMBERS, { phone_number: newNumber() });
    const at = `/api/v1/assistants/organization/phone-numbers/${body.id}`;
    expect(await admin('PATCH', at, { sip_trunk_id })).toMatchObject({ status: 200, body: { sip_trunk_id } });
    expect(await admin('PATCH', at, { sip_trunk_id: '' })).toMatchObject({ status: 200, body: { sip_trunk_id: null } });
    expect(await admin('PATCH', at, { assistant_id: 5 })).toMatchObject({
      status: 200,
      body: { assistant: { id: 5 } },
    });
    expect(await admin('PATCH', at, { friendly_name: 'x' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/friendly_name' }] },
    });
  });

  it('of another organisation are taken, without saying whose, and otherwise do not exist', async () => {
    const [a, b] = [await organization(), await organization()];
    const { body } = await a.admin('POST', NUMBERS, { phone_number: newNumber() });
    const refused = await b.admin('POST', NUMBERS, { phone_number: body.phone_number });
    expect(refused).toMatchObject({ status: 409, body: { code: 'duplicate-number' } });
    expect(JSON.stringify(refused.body)).not.toContain(a.id);
    expect(await a.admin('POST', NUMBERS, { phone_number: body.phone_number })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('your numbers') },
    });
    for (const [method, send] of [['GET'], ['PATCH', { friendly_name: 'x' }], ['PUT', {}], ['DELETE']] as const) {
      expect(await b.admin(method, `${NUMBERS}/${body.id}`, send)).toMatchObject({
        status: 404,
        body: { code: 'number-not-found' },
      });
    }
    expect((await b.admin('GET', NUMBERS)).body).toEqual([]);
  });

  it("are one organisation's, whoever asks for one at the same moment", async () => {
    const organizations = await Promise.all(Array.from({ length: 4 }, () => mesh.organization()));
    for (let round = 0; round < 3; round++) {
      const phone_number = newNumber();
      const answers = await Promise.all(
        organizations.flatMap(({ admin }) => [
          admin('POST', NUMBERS, { phone_number }),
          admin('POST', NUMBERS, { phone_number }),
        ]),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 7 }, () => 409)]);
      expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set([undefined, 'duplicate-number']));
    }
  });

  it("cannot have another organisation's trunk, which answers as one that does not exist", async () => {
    const [a, b] = [await organization(), await organization()];
    const foreign = await a.admin('POST', NUMBERS, { phone_number: newNumber(), sip_trunk_id: b.trunk });
    const unknown = await a.admin('POST', NUMBERS, {
      phone_number: newNumber(),
      sip_trunk_id: '01890000-0000-7000-8000-000000000000',
    });
    const without = ({ request_id: _, ...body }: Record<string, unknown>) => body;
    expect(foreign).toMatchObject({ status: 404, body: { code: 'trunk-not-found' } });
    expect(without(foreign.body)).toEqual(without(unknown.body));
    const { body } = await a.admin('POST', NUMBERS, { phone_number: newNumber() });
    expect((await a.admin('PATCH', `${NUMBERS}/${body.id}`, { sip_trunk_id: b.trunk })).status).toBe(404);
  });

  it('refuse what is wrong, everything at once, each with its place', async () => {
    const { admin } = await organization();
    const { status, body } = await admin('POST', NUMBERS, {
      phone_number: '555',
      assistant_id: 1,
      flow_id: 2,
      friendly_name: 7,
      colour: 'red',
    });
    expect(status).toBe(400);
    expect(body.errors.map((each: { pointer: string }) => each.pointer)).toEqual(
      expect.arrayContaining(['/phone_number', '/friendly_name', '/colour']),
    );
    expect(await admin('POST', NUMBERS, { phone_number: newNumber(), assistant_id: 1, flow_id: 2 })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/flow_id' }] },
    });
    const { body: number } = await admin('POST', NUMBERS, { phone_number: newNumber() });
    expect(await admin('PATCH', `${NUMBERS}/${number.id}`, { phone_number: newNumber() })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/phone_number' }] },
    });
  });

  it('are managed by admins, and read by everybody of the organisation', async () => {
    const { admin, member, publisher } = await organization();
    const { body } = await admin('POST', NUMBERS, { phone_number: newNumber() });
    expect((await member('GET', `${NUMBERS}/${body.id}`)).status).toBe(200);
    for (const api of [member, publisher])
      expect((await api('POST', NUMBERS, { phone_number: newNumber() })).status).toBe(403);
    expect((await member('DELETE', `${NUMBERS}/${body.id}`)).status).toBe(403);
  });

  it('are listed in pages, by every filter', async () => {
    const { admin, trunk: sip_trunk_id } = await organization();
    const numbers = ['+15559000001', '+15559000002', '+15559000003', '+15559100004', '+442079460018'];
    await admin('POST', NUMBERS, {
      phone_number: numbers[0],
      sip_trunk_id,
      assistant_id: 1,
      friendly_name: 'Front Desk',
    });
    await admin('POST', NUMBERS, { phone_number: numbers[1], sip_trunk_id, flow_id: 1 });
    await admin('POST', NUMBERS, { phone_number: numbers[2], is_active: false });
    await admin('POST', NUMBERS, { phone_number: numbers[3] });
    await admin('POST', NUMBERS, { phone_number: numbers[4] });
    const list = async (query: string) =>
      (await admin('GET', `${NUMBERS}?${query}`)).body.map((each: { phone_number: string }) => each.phone_number);
    expect(await list(`sip_trunk_id=${sip_trunk_id}`)).toEqual([numbers[0], numbers[1]]);
    expect(await list('sip_trunk_id=')).toEqual([numbers[2], numbers[3], numbers[4]].sort());
    expect(await list('assistant_id=1')).toEqual([numbers[0]]);
    expect(await list('flow_id=1')).toEqual([numbers[1]]);
    expect(await list('is_active=false')).toEqual([numbers[2]]);
    expect(await list('prefix=%2B1555 900')).toEqual(numbers.slice(0, 3));
    expect(await list('phone_number=44 20 7946 0018')).toEqual([numbers[4]]);
    expect(await list('q=front')).toEqual([numbers[0]]);
    expect(await list('q=9100')).toEqual([numbers[3]]);
    expect(await list('q=%25')).toEqual([]);
    expect(await list('has_target=false')).toEqual([numbers[2], numbers[3], numbers[4]].sort());
    expect(await list('has_target=true&flow_id=1')).toEqual([numbers[1]]);
    expect(await list(`sip_trunk_id=${sip_trunk_id}&flow_id=1`)).toEqual([numbers[1]]);
    expect((await admin('GET', `${NUMBERS}?colour=red`)).status).toBe(400);

    const seen: string[] = [];
    for (let path: string | undefined = `${NUMBERS}?limit=2`; path;) {
      const page = await admin('GET', path);
      expect(page.headers.get('X-Total-Count')).toBe('5');
      seen.push(...page.body.map((each: { phone_number: string }) => each.phone_number));
      path = /<([^>]+)>; rel="next"/.exec(page.headers.get('Link') ?? '')?.[1];
    }
    expect(seen).toEqual([...numbers].sort());
  });

  it('are exported whole by every filter, as a file that can be imported again', async () => {
    const { admin, trunk: sip_trunk_id } = await organization();
    const { admin: other } = await organization();
    const [first, second, third] = [newNumber(), newNumber(), newNumber()].sort();
    const csv = async (api: typeof admin, query = '') =>
      (await api('GET', `${NUMBERS}?${query}`, undefined, { Accept: 'text/csv' })).body as string;
    await admin('POST', NUMBERS, {
      phone_number: first,
      sip_trunk_id,
      assistant_id: 17,
      friendly_name: 'Front, "desk"',
      allowed_country_codes: ['DE', 'US'],
      capabilities: { voice: true, sms: false },
      signing_secret: 'a secret that is in no file',
      max_call_seconds: 600,
    });
    await admin('POST', NUMBERS, { phone_number: second, flow_id: 3, is_active: false });
    await admin('POST', NUMBERS, { phone_number: third, friendly_name: '=1+1' });
    const [head, ...lines] = (await csv(admin, 'limit=1')).split('\r\n');
    expect(head!.split(',')).toEqual(IMPORT_COLUMNS.filter((name) => !['sip_trunk', 'signing_secret'].includes(name)));
    expect(lines).toEqual([
      `${first},"Front, ""desk""",,true,${sip_trunk_id},17,,DE US,false,voice,,,,,600,`,
      `${second},,,false,,,3,,false,voice,,,,,,`,
      `${third},'=1+1,,true,,,,,false,voice,,,,,,`,
      '',
    ]);
    expect((await csv(admin, 'has_target=false')).split('\r\n')).toEqual([head, lines[2], '']);
    expect((await csv(admin, `q=${second!.slice(3)}`)).split('\r\n')).toEqual([head, lines[1], '']);
    expect((await csv(other)).split('\r\n')).toEqual([head, '']);
    const again = await admin('POST', `${NUMBERS}/import?on_duplicate=update`, await csv(admin), {
      'Content-Type': 'text/csv',
    });
    expect(again).toMatchObject({ status: 200, body: { total: 3 } });
  });

  it('and trunks under many hands at once never leave a number on a trunk that is gone', async () => {
    const { admin } = await organization();
    for (let round = 0; round < 5; round++) {
      const {
        body: { id: sip_trunk_id },
      } = await admin('POST', '/api/v1/sip-trunks', trunk(`T${round}`));
      const { body: number } = await admin('POST', NUMBERS, { phone_number: newNumber() });
      const [assigned, deleted] = await Promise.all([
        admin('PATCH', `${NUMBERS}/${number.id}`, { sip_trunk_id }),
        admin('DELETE', `/api/v1/sip-trunks/${sip_trunk_id}`),
      ]);
      expect([
        [200, 409],
        [404, 204],
      ]).toContainEqual([assigned.status, deleted.status]);
    }
  });
});

describe('a verified caller ID', () => {
  it("is marked with the operator's key alone", async () => {
    const { id, admin } = await organization();
    const forbidden = {
      status: 403,
      body: { code: 'not-allowed', errors: [{ pointer: '/is_verified_caller_id' }] },
    };
    const mark = { is_verified_caller_id: true };
    expect(await admin('POST', NUMBERS, { phone_number: newNumber(), ...mark })).toMatchObject(forbidden);
    const { body } = await admin('POST', NUMBERS, { phone_number: newNumber(), is_active: false });
    const at = `${NUMBERS}/${body.id}`;
    expect(await admin('PATCH', at, mark)).toMatchObject(forbidden);
    expect(await admin('PUT', at, mark)).toMatchObject(forbidden);
    expect((await admin('GET', at)).body).toMatchObject({ is_verified_caller_id: false });
    const asOperator = { 'X-Organization-Id': id };
    expect((await mesh.operator('PATCH', at, mark, asOperator)).status).toBe(200);
    expect(await admin('PUT', at, { ...mark, friendly_name: 'Main' })).toMatchObject({
      status: 200,
      body: { is_verified_caller_id: true, friendly_name: 'Main' },
    });
    expect(await admin('PATCH', at, { is_verified_caller_id: false })).toMatchObject({ status: 200 });
    expect(await admin('PATCH', at, mark)).toMatchObject(forbidden);
  });

  it('is in no import of an organisation, except where it is marked already', async () => {
    const { id, admin } = await organization();
    const entry = { phone_number: newNumber(), is_verified_caller_id: true };
    const path = `${NUMBERS}/import?on_duplicate=update`;
    const refused = { status: 422, body: { errors: [{ line: 1, pointer: '/is_verified_caller_id' }] } };
    expect(await admin('POST', path, [entry])).toMatchObject(refused);
    expect(await admin('POST', `${path}&dry_run=true`, [entry])).not.toMatchObject({ body: { added: 1 } });
    expect(await mesh.operator('POST', path, [entry], { 'X-Organization-Id': id })).toMatchObject({ status: 200 });
    expect(await admin('POST', path, [{ ...entry, friendly_name: 'Main' }])).toMatchObject({
      status: 200,
      body: { updated: 1 },
    });
  });
});
