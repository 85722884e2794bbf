import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CALL_LOG_GET } from '@trunkmesh/contracts/subjects.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { startMesh, type Api, type Mesh } from '../mesh.fixture.js';
import type { OpenApi } from './open-api.js';

/**
 * Every route of the API's own description, with the key of an organisation that must see nothing of the first one's. A
 * new route is tried without an entry here, unless its path holds a new kind of id or its body must not be empty.
 */
const MARKER = 'Marker';
const NUMBER = '+15557770001';
const CALL = 'CA0190a00000007000800000000000dead';

/** What the id of a path is of; the longest beginning counts. */
type Known = Record<'organization' | 'key' | 'trunk' | 'number' | 'channel' | 'rule' | 'refused', string>;
const IDS: readonly [string, (known: Known) => string][] = [
  ['/api/v1/organizations/{id}', ({ organization }) => organization],
  ['/api/v1/api-keys/{id}', ({ key }) => key],
  ['/api/v1/sip-trunks/{id}', ({ trunk }) => trunk],
  ['/api/v1/phone-numbers/{id}', ({ number }) => number],
  ['/api/v1/assistants/organization/phone-numbers/{id}', ({ number }) => number],
  ['/api/v1/phone-numbers/claims/{number}', () => NUMBER],
  ['/api/v1/phone-numbers/{number}/move', () => NUMBER],
  ['/api/v1/calls/{call_id}', () => CALL],
  ['/api/v1/usage/statements/{month}', () => '2026-01'],
  ['/api/v1/usage/carrier-formats/{name}', () => 'marker'],
  ['/api/v1/usage/reconciliations/{id}', ({ trunk }) => trunk],
  ['/api/v1/usage/rate-decks/{trunk_id}', ({ trunk }) => trunk],
  ['/api/v1/refused-calls/{id}', ({ refused }) => refused],
  ['/api/v1/notifications/channels/{id}', ({ channel }) => channel],
  ['/api/v1/notifications/rules/{id}', ({ rule }) => rule],
  // The operator's alone, or refused before the id counts.
  ['/api/v1/bridges/{id}', () => 'b1'],
  ['/api/v1/carriers/{id}', () => 'example'],
];
/** Names that each organisation chooses for itself: the request concerns its own. */
const OWN_NAMES = ['/api/v1/usage/statements/{month}', '/api/v1/usage/carrier-formats/{name}'];

const TRUNK = { name: 'Theirs', gateway: '192.0.2.99', register: false };
const CSV = 'prefix,rate\n1,0.01\n';
/** Bodies without which a request is refused before its id counts; `{}` otherwise. */
const BODIES: Readonly<Record<string, object | string>> = {
  'put /api/v1/sip-trunks/{id}': TRUNK,
  'put /api/v1/phone-numbers/{id}': { phone_number: '+15557770002' },
  'post /api/v1/sip-trunks/{id}/inbound-addresses': { address: '203.0.113.9' },
  'post /api/v1/calls/{call_id}/transfer': { to: '+15550100300' },
  'post /api/v1/calls/{call_id}/dtmf': { digits: '1' },
  'put /api/v1/usage/rate-decks/{trunk_id}': CSV,
  'post /api/v1/notifications/channels/{id}/recipients/confirm': { recipient: 'a@example.com', code: 'AAAAA-AAAAA' },
  'post /api/v1/notifications/channels/{id}/recipients/send-code': { recipient: 'a@example.com' },
};
/** Parameters without which a request is refused, or would wait. */
const QUERIES: Readonly<Record<string, string>> = {
  'put /api/v1/usage/rate-decks/{trunk_id}': '?currency=USD',
  'get /api/v1/stream': '?timeout_ms=0',
};

let mesh: Mesh;
let nc: NatsConnection;
let mine: { id: string; admin: Api };
let theirs: { id: string; admin: Api };
let known: Known;
let routes: { route: string; method: string; path: string; isPublic: boolean }[];
const asked: unknown[] = [];

beforeAll(async () => {
  mesh = await startMesh();
  [mine, theirs] = [await mesh.organization(`${MARKER} Dental`), await mesh.organization('Others')];
  nc = await connectNats(mesh.nats.url, { name: 'others', logger: createLogger('test', { level: 'silent' }) });
  // Stands for every other service, which knows the first organisation's call only.
  nc.subscribe('trunkmesh.rpc.>', {
    callback: (_error, message) => {
      asked.push(message.json());
      message.respond(message.subject === CALL_LOG_GET ? '{"outcome":"not-found"}' : '{}');
    },
  });
  await nc.flush();
  known = await everythingOf(mine);
  const document = (await mesh.operator('GET', '/api/openapi.json')).body as OpenApi;
  routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      route: `${method} ${path}`,
      method: method.toUpperCase(),
      path,
      isPublic: security?.length === 0,
    })),
  );
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
});

async function everythingOf({ id, admin }: typeof mine): Promise<Known> {
  const made = async (path: string, body: object) => {
    const answer = await admin('POST', path, body);
    expect([path, answer.status, answer.body]).toEqual([path, 201, expect.anything()]);
    return answer.body.id as string;
  };
  const trunk = await made('/api/v1/sip-trunks', { ...TRUNK, name: `${MARKER} trunk` });
  const number = { phone_number: NUMBER, friendly_name: `${MARKER} number`, sip_trunk_id: trunk };
  const channel = { name: `${MARKER} channel`, kind: 'webhook', url: 'https://hooks.example.com/marker' };
  const made_channel = await made('/api/v1/notifications/channels', channel);
  const rule = { name: `${MARKER} rule`, condition: { kind: 'refused-calls' }, channel_ids: [made_channel] };
  return {
    organization: id,
    key: await made('/api/v1/api-keys', { name: `${MARKER} key`, role: 'member' }),
    trunk,
    number: await made('/api/v1/phone-numbers', number),
    channel: made_channel,
    rule: await made('/api/v1/notifications/rules', rule),
    refused: await refusedCallOf(id),
  };
}

/** As a bridge reports it. */
async function refusedCallOf(organization: string): Promise<string> {
  const [row] = await mesh.service.parts.record.query<{ id: string }>(
    `insert into refused_calls (bridge_id, minute, source_address, called, numbers, reason, sip_status, number,
       organization_id, known_by, detail, count, first_at, last_at)
     values ('bridge-1', now(), '203.0.113.9', $2, $2, 'source-not-allowed', 403, $2, $1, 'called-number', $3, 1, now(),
       now()) returning id::text`,
    [organization, NUMBER, MARKER],
  );
  return row!.id;
}

const urlOf = (path: string) => {
  const [, id] = IDS.filter(([start]) => path.startsWith(start)).sort(([a], [b]) => b.length - a.length)[0] ?? [];
  const url = path.replace(/\{(id|number|call_id|month|name|trunk_id)\}/, id === undefined ? '{?}' : id(known));
  return url
    .replace('{effective_from}', '2026-01-01T00:00:00.000Z')
    .replace('{recording_id}', CALL.replace('CA', 'RE'));
};

const bodyOf = (route: string, method: string) => (method === 'GET' ? undefined : (BODIES[route] ?? {}));
const textOf = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));

/** What the first organisation has, without the times of its keys' last use. */
const stateOf = async ({ admin }: typeof mine) =>
  Promise.all(
    ['sip-trunks', 'phone-numbers', 'refused-calls', 'notifications/channels', 'notifications/rules', 'events'].map(
      async (list) => (await admin('GET', `/api/v1/${list}`)).body as unknown,
    ),
  );

describe('the key of another organisation', () => {
  it('is refused by every route when it names the first one', async () => {
    for (const { route, method, path, isPublic } of routes) {
      if (isPublic) continue;
      const body = bodyOf(route, method);
      const answer = await theirs.admin(method, urlOf(path), body, { 'X-Organization-Id': mine.id });
      expect([route, answer.status]).toEqual([route, 403]);
    }
  });

  it('shows and changes nothing of the first one, whatever ids it sends', async () => {
    const before = await stateOf(mine);
    asked.length = 0;
    for (const { route, method, path, isPublic } of routes) {
      const url = urlOf(path) + (QUERIES[route] ?? '');
      expect([route, url.includes('{')]).toEqual([route, false]);
      const body = bodyOf(route, method);
      const headers: Record<string, string> = typeof body === 'string' ? { 'Content-Type': 'text/csv' } : {};
      const { status, body: answer } = await theirs.admin(method, url, body, headers);
      expect([route, textOf(answer).includes(MARKER)]).toEqual([route, false]);
      if (!path.includes('{') || isPublic || OWN_NAMES.includes(path)) continue;
      expect([route, [403, 404, 503].includes(status) || [status, answer]]).toEqual([route, true]);
    }
    expect(JSON.stringify(asked)).toContain(theirs.id);
    expect(JSON.stringify(asked)).not.toContain(mine.id);
    expect(await stateOf(mine)).toEqual(before);
  }, 60_000);

  it('is compared with a key that may: the same requests of the first one are answered', async () => {
    const reads = routes.filter(({ method, path }) => method === 'GET' && path.startsWith('/api/v1/sip-trunks/{id}'));
    const answers = await Promise.all(
      reads.map(async ({ route, path }) => [route, (await mine.admin('GET', urlOf(path))).status]),
    );
    expect(answers.filter(([, status]) => status === 404)).toEqual([
      ['get /api/v1/sip-trunks/{id}/expect-call', 404],
      ['get /api/v1/sip-trunks/{id}/verify-address', 404],
    ]);
  });
});
