import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import type { CallsRefused } from '@trunkmesh/contracts/refused-call.js';
import { refusedStoredSubject, refusedSubject } from '@trunkmesh/contracts/subjects.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import { forgetRefusedCalls } from './refused-calls.pg.js';

const LIST = '/api/v1/refused-calls';
type Row = CallsRefused['data'];
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

let numbers = 0;
/** An organisation with one number. */
async function owner() {
  const organization = await mesh.organization();
  const number = `+1555777${String((numbers += 1)).padStart(4, '0')}`;
  expect((await organization.admin('POST', '/api/v1/phone-numbers', { phone_number: number })).status).toBe(201);
  return { ...organization, number };
}

async function publish(row: Partial<Row>): Promise<void> {
  const minute = row.minute ?? '2026-11-28T10:15:00.000Z';
  const data: Row = {
    bridge_id: 'bridge-1',
    minute,
    source_address: '203.0.113.9',
    called: '+15550000000',
    reason: 'source-not-allowed',
    sip_status: 403,
    numbers: [],
    detail: null,
    count: 1,
    first_at: minute,
    last_at: minute,
    ...row,
  };
  const event: CallsRefused = {
    specversion: '1.0',
    id: randomUUID(),
    source: 'test',
    type: 'CallsRefused',
    subject: refusedSubject(data.bridge_id),
    time: data.last_at,
    datacontenttype: 'application/json',
    data,
  };
  await jetstream(nc).publish(event.subject, JSON.stringify(event));
}

const invite = (text: string): NonNullable<Row['last_invite']> => ({
  at: '2026-11-28T10:15:00.000Z',
  request_uri: 'sip:9228@198.51.100.10',
  to: '<sip:9228@198.51.100.10>',
  from: '<sip:example-dental@pbx.example.com>',
  sources: [{ source: 'Request-URI', value: '9228' }],
  offer: ['G729'],
  text: `INVITE ${text}`,
  truncated: false,
});

type Api = Awaited<ReturnType<typeof owner>>['member'];
const untilListed = (api: Api, count: number, query = '') =>
  eventually(
    async () => {
      const { body } = await api('GET', `${LIST}${query}`);
      return body.length === count && body;
    },
    { timeoutMs: 15_000, message: `${count} rows` },
  );

describe('refused calls', () => {
  it('are listed for whoever owns the called number, and for nobody else', async () => {
    const [mine, theirs] = [await owner(), await owner()];
    await publish({
      called: mine.number,
      numbers: [mine.number],
      reason: 'extension-not-supported',
      sip_status: 420,
      detail: 'Unsupported: 100rel',
    });
    const [row] = await untilListed(mine.member, 1);
    expect(row).toEqual({
      bridge_id: 'bridge-1',
      minute: '2026-11-28T10:15:00.000Z',
      source_address: '203.0.113.9',
      called: mine.number,
      number: mine.number,
      organization_id: mine.id,
      id: expect.any(String),
      trunk_id: null,
      known_by: 'called-number',
      invite: null,
      reason: 'extension-not-supported',
      sip_status: 420,
      message: 'The caller requires a SIP extension that the bridge does not support.',
      detail: 'Unsupported: 100rel',
      count: 1,
      first_at: '2026-11-28T10:15:00.000Z',
      last_at: '2026-11-28T10:15:00.000Z',
    });
    expect((await theirs.admin('GET', LIST)).body).toEqual([]);
    expect((await theirs.admin('GET', `${LIST}?number=${mine.number}`)).body).toEqual([]);
    expect((await theirs.admin('GET', `${LIST}?unowned=true`)).body).toEqual([]);
    expect((await mesh.operator('GET', LIST, undefined, { 'X-Organization-Id': mine.id })).body).toEqual([row]);
  });

  it('that claim a trunk are its organisation’s, with the first and last INVITE', async () => {
    const [mine, theirs] = [await owner(), await owner()];
    const trunk = { name: 'PBX', gateway: '192.0.2.77', username: 'Example-Dental', register: false };
    const { id: trunk_id } = (await mine.admin('POST', '/api/v1/sip-trunks', trunk)).body;
    const claim = { called: '9228', users: ['9228', 'example-dental'], source_address: '203.0.113.50' };
    await publish({ ...claim, first_invite: invite('first'), last_invite: invite('first') });
    await publish({ ...claim, first_invite: invite('first'), last_invite: invite('last'), count: 2 });
    // The same address and number, claiming another trunk: a row of its own, and nobody's.
    await publish({ ...claim, users: ['9228', 'somebody'], last_invite: invite('other'), count: 5 });
    await eventually(async () => (await mine.member('GET', LIST)).body[0]?.count === 2);
    const [row] = await untilListed(mine.member, 1);
    expect(row).toMatchObject({ trunk_id, known_by: 'trunk-user', number: null, organization_id: mine.id });
    expect(row.invite).toMatchObject({ from: '<sip:example-dental@pbx.example.com>', offer: ['G729'] });
    expect(row.invite).not.toHaveProperty('text');
    const one = `${LIST}/${row.id}`;
    expect((await mine.member('GET', one)).body).toMatchObject({
      first_invite: { text: 'INVITE first' },
      last_invite: { text: 'INVITE last' },
    });
    expect((await mine.member('GET', `${LIST}?trunk_id=${trunk_id}&known_by=trunk-user`)).body).toHaveLength(1);
    expect((await mine.member('GET', `${LIST}?trunk_id=none`)).body).toEqual([]);
    expect((await mine.member('GET', `${LIST}?trunk_id=nothing`)).status).toBe(400);
    expect(await theirs.admin('GET', one)).toMatchObject({ status: 404, body: { code: 'refused-call-not-found' } });
    expect((await theirs.admin('GET', LIST)).body).toEqual([]);
    expect((await mine.member('GET', `${LIST}/nothing`)).status).toBe(404);
    const [unowned] = await untilListed(mesh.operator, 1, '?unowned=true&source_address=203.0.113.50');
    expect((await mesh.operator('GET', `${LIST}/${unowned.id}`)).body).toMatchObject({
      count: 5,
      last_invite: { text: 'INVITE other' },
    });
    // Another organisation takes the same user name: then it is not certain whose the next call is.
    await theirs.admin('POST', '/api/v1/sip-trunks', { ...trunk, gateway: '192.0.2.78' });
    await publish({ ...claim, minute: '2026-11-28T10:17:00.000Z' });
    await untilListed(mesh.operator, 2, '?unowned=true&source_address=203.0.113.50');
    expect((await mine.member('GET', LIST)).body).toHaveLength(1);
  });

  it('from an address of a trunk are its organisation’s; without messages where it wants none kept', async () => {
    const mine = await owner();
    const path = `/api/v1/organizations/${mine.id}`;
    expect((await mine.admin('PATCH', path, { keep_sip_messages: false })).status).toBe(200);
    const trunk = { name: 'PBX', gateway: '203.0.113.60', register: false };
    await mine.admin('POST', '/api/v1/sip-trunks', trunk);
    await publish({ called: '9228', users: ['9228'], source_address: '203.0.113.60', last_invite: invite('only') });
    const [row] = await untilListed(mine.member, 1);
    expect(row).toMatchObject({ known_by: 'announced-address', invite: { offer: ['G729'] } });
    expect((await mine.member('GET', `${LIST}/${row.id}`)).body.last_invite.text).toBeNull();
  });

  it("of nobody's number are the operator's alone", async () => {
    const { admin } = await owner();
    await publish({ called: '9999', source_address: '203.0.113.77' });
    const [row] = await untilListed(mesh.operator, 1, '?unowned=true&source_address=203.0.113.77');
    expect(row).toMatchObject({ called: '9999', number: null, organization_id: null });
    expect((await admin('GET', LIST)).body).toEqual([]);
  });

  it('count the highest of what came, in whatever order and however often', async () => {
    const { member, number } = await owner();
    for (const count of [3, 7, 7, 5])
      await publish({ called: number, numbers: [number], count, last_at: `2026-11-28T10:15:0${count}.000Z` });
    await eventually(async () => (await member('GET', LIST)).body[0]?.count === 7);
    await publish({ called: number, numbers: [number], count: 2, minute: '2026-11-28T10:16:00.000Z' });
    expect((await untilListed(member, 2)).map(({ count }: { count: number }) => count)).toEqual([2, 7]);
  });

  it('stay with whom the number belonged to when they were refused', async () => {
    const [first, second] = [await owner(), await mesh.organization()];
    await publish({ numbers: [first.number] });
    await untilListed(first.member, 1);
    const [{ id }] = (await first.admin('GET', '/api/v1/phone-numbers')).body;
    expect((await first.admin('DELETE', `/api/v1/phone-numbers/${id}`)).status).toBe(204);
    expect((await second.admin('POST', '/api/v1/phone-numbers', { phone_number: first.number })).status).toBe(201);
    expect((await second.member('GET', LIST)).body).toEqual([]);
    expect((await first.member('GET', LIST)).body).toHaveLength(1);
  });

  it('come in pages, newest first, and can be filtered', async () => {
    const { id, admin, member, number } = await owner();
    for (let minute = 10; minute < 15; minute += 1)
      await publish({
        numbers: [number],
        minute: `2026-11-28T11:${minute}:00.000Z`,
        source_address: minute === 12 ? '198.51.100.7' : '203.0.113.9',
      });
    await untilListed(member, 5);
    const page = await member('GET', `${LIST}?limit=2`);
    expect(page.body.map((row: Row) => row.minute.slice(14, 16))).toEqual(['14', '13']);
    expect(page.headers.get('X-Total-Count')).toBe('5');
    const next = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('Link')!)![1]!;
    expect((await member('GET', next)).body.map((row: Row) => row.minute.slice(14, 16))).toEqual(['12', '11']);
    expect((await member('GET', `${LIST}?source_address=198.51.100.7`)).body).toHaveLength(1);
    const unclaimed = await member('GET', `${LIST}?trunk_id=none&limit=2`);
    expect(unclaimed.body).toEqual(page.body);
    expect(unclaimed.headers.get('X-Total-Count')).toBe('5');
    expect(
      (
        await member(
          'GET',
          `${LIST}?date_from=2026-11-28T11:13:00Z&reason=source-not-allowed&sip_status=403` +
            `&number=${encodeURIComponent(number)}`,
        )
      ).body,
    ).toHaveLength(2);
    const ofDay = async (day: string) =>
      (await member('GET', `${LIST}?date_from=${day}&date_to=${day}&source_address=198.51.100.7`)).body
        .length as number;
    expect([await ofDay('2026-11-28'), await ofDay('2026-11-29')]).toEqual([1, 0]);
    await admin('PATCH', `/api/v1/organizations/${id}`, { time_zone: 'Pacific/Auckland' });
    expect([await ofDay('2026-11-28'), await ofDay('2026-11-29')]).toEqual([0, 1]);
    expect(await member('GET', `${LIST}?reason=x&sip_status=200&nothing=1`)).toMatchObject({ status: 400 });
    expect((await member('GET', `${LIST}?cursor=bm9uZQ`)).status).toBe(400);
  });

  it('that nobody can read hold up nothing', async () => {
    const { member, number } = await owner();
    for (const text of ['{', '{}', JSON.stringify({ type: 'CallsRefused', data: { called: '\u0000' } })])
      await jetstream(nc).publish(refusedSubject('bridge-1'), text);
    await publish({ numbers: [number], called: '\u0007' });
    await publish({ numbers: [number] });
    await untilListed(member, 1);
  });

  it("are kept in bounds, each organisation's by themselves", async () => {
    const [many, few] = [await owner(), await owner()];
    const days = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString();
    for (let minute = 10; minute < 20; minute += 1)
      await publish({ numbers: [many.number], minute: `${days(1).slice(0, 14)}${minute}:00.000Z` });
    for (const ago of [1, 8, 31])
      await publish({ numbers: [few.number], minute: days(ago), first_invite: invite('1'), last_invite: invite('2') });
    await Promise.all([untilListed(many.member, 10), untilListed(few.member, 3)]);
    await forgetRefusedCalls(mesh.service.parts.record, { messagesDays: 7, ofOrganization: 3 });
    expect((await many.member('GET', LIST)).body.map((row: Row) => row.minute.slice(14, 16))).toEqual([
      '19',
      '18',
      '17',
    ]);
    const kept = (await few.member('GET', LIST)).body as { id: string; invite: object }[];
    expect(kept).toMatchObject([{ invite: { offer: ['G729'] } }, { invite: { offer: ['G729'] } }]);
    const texts = await Promise.all(kept.map(async ({ id }) => (await few.member('GET', `${LIST}/${id}`)).body));
    expect(texts).toMatchObject([
      { first_invite: { text: 'INVITE 1' }, last_invite: { text: 'INVITE 2' } },
      { first_invite: { text: null }, last_invite: { text: null } },
    ]);
  });
});

describe('whoever looks', () => {
  it('is told of refused calls of its own organisation, and nobody else is', async () => {
    const [one, other] = [await owner(), await owner()];
    const heard: string[] = [];
    for (const { id } of [one, other]) nc.subscribe(refusedStoredSubject(id), { callback: () => void heard.push(id) });
    await nc.flush();
    await publish({ called: one.number, numbers: [one.number] });
    await eventually(async () => heard.length > 0);
    expect(heard).toEqual([one.id]);
    const { body } = await one.admin('GET', LIST);
    expect(body).toMatchObject([{ number: one.number }]);
  });
});
