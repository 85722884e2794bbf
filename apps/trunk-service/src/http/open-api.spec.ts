import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BOOTSTRAP_KEY, startFixture, type Fixture } from '../trunk-service.fixture.js';
import { CALL_ENDERS } from '@trunkmesh/contracts/call-end.js';
import type { OpenApi } from './open-api.js';

let mesh: Fixture;
let document: OpenApi;
beforeAll(async () => {
  mesh = await startFixture();
  document = (await mesh.api('/api/openapi.json')).body;
}, 60_000);
afterAll(() => mesh?.stop());

describe('/llms.txt', () => {
  it('names every request once, with its summary', async () => {
    const { status, headers, text } = await mesh.api('/llms.txt');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    const lines = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { summary }]) => `- ${method.toUpperCase()} ${path}: ${(summary as string | undefined) ?? ''}`,
      ),
    );
    const listed = text.split('\n').filter((line) => /^- [A-Z]+ \//.test(line));
    expect(listed.toSorted()).toEqual(lines.toSorted());
  });
});

describe('/api/openapi.json', () => {
  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, operation })),
    );

  it('has every route, each with a name of its own and a summary', () => {
    const routes = operations().map(({ route }) => route);
    expect(routes).toEqual(
      expect.arrayContaining([
        'get /api/v1/sip-trunks',
        'post /api/v1/sip-trunks',
        'get /api/v1/sip-trunks/{id}',
        'put /api/v1/sip-trunks/{id}',
        'patch /api/v1/sip-trunks/{id}',
        'delete /api/v1/sip-trunks/{id}',
        'post /api/v1/sip-trunks/{id}/enable',
        'post /api/v1/sip-trunks/{id}/disable',
        'post /api/v1/sip-trunks/sync',
        'get /api/v1/sip-trunks/{id}/status',
        'post /api/sync-organization',
        'patch /api/v1/assistants/organization/phone-numbers/{id}',
        'post /api/v1/phone-numbers/import',
        'get /api/v1/bridges/{id}',
        'post /api/v1/routes/explain',
      ]),
    );
    const ids = operations().map(({ operation }) => operation['operationId']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(operations().filter(({ operation }) => !operation['summary'])).toEqual([]);
  });

  it('says who may call what, and how it refuses', () => {
    for (const { route, operation } of operations()) {
      expect(operation.responses).toHaveProperty('default.content.application/problem+json');
      expect([route, operation.security]).toEqual([route, route.includes('/health/') ? [] : [{ key: [] }]]);
    }
    expect(document.paths['/api/v1/sip-trunks']!['post']!.description).toContain('admin');
  });

  it('names for every operation exactly the roles whose keys the operation does not refuse', async () => {
    const org = await mesh.organization();
    const keys = { bootstrap: BOOTSTRAP_KEY, admin: org.admin, member: org.member, publisher: org.publisher };
    const nobody = '0190a000-0000-7000-8000-00000000dead';
    for (const { route, operation } of operations()) {
      const [method, path] = route.split(' ') as [string, string];
      const url = path.replaceAll(/\{[^}]+\}/g, nobody);
      const allowed: string[] = [];
      for (const [role, key] of Object.entries(keys)) {
        const headers: Record<string, string> = role === 'bootstrap' ? { 'X-Organization-Id': org.id } : {};
        const answer = await mesh.api(`${url}?timeout_ms=0`, {
          method: method.toUpperCase(),
          key,
          headers,
          ...(method === 'get' ? {} : { body: {} }),
        });
        if (answer.status !== 403 || answer.body.code !== 'not-allowed') allowed.push(role);
      }
      const roles = operation['x-required-roles'] ?? ['bootstrap', 'admin', 'member', 'publisher'];
      expect([route, ...allowed.sort()]).toEqual([route, ...[...roles].sort()]);
      const isPublic = operation.security?.length === 0;
      expect([route, (await mesh.api(url, { method: method.toUpperCase() })).status === 401]).toEqual([
        route,
        !isPublic,
      ]);
      expect([route, '401' in operation.responses, '403' in operation.responses]).toEqual([
        route,
        !isPublic,
        !isPublic,
      ]);
    }
  }, 60_000);

  it('has the fields of the very schema that a request is checked with', () => {
    expect(document.paths['/api/v1/sip-trunks']!['post']!.requestBody).toMatchObject({
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/TrunkInput' },
        },
      },
    });
    expect(document.components!.schemas!['TrunkInput']).toMatchObject({
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: {
        transport: { enum: ['udp', 'tcp', 'tls'], default: 'udp' },
        number_rules: { type: 'array' },
        password: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      },
    });
    expect(document.paths['/api/v1/sip-trunks']!['get']!.parameters).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'limit', in: 'query' }),
        expect.objectContaining({ name: 'enabled', in: 'query' }),
      ]),
    );
    expect(document.paths['/api/v1/sip-trunks']!['post']!.parameters).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'Idempotency-Key', in: 'header' })]),
    );
    expect(document.paths['/api/v1/sip-trunks/{id}']!['patch']!.parameters!.map(({ name }) => name)).toEqual([
      'id',
      'X-Organization-Id',
      'If-Match',
    ]);
  });

  it('shows no password on reads', () => {
    expect(document.paths['/api/v1/sip-trunks/{id}']!['get']!.responses).toMatchObject({
      200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Trunk' } } } },
    });
    const read = JSON.stringify(document.components!.schemas!['Trunk']);
    expect(read).toContain('has_password');
    expect(read).not.toContain('"password"');
  });

  it('has null among the values of what may be null', () => {
    const { properties } = document.components!.schemas!['Call'] as { properties: Record<string, unknown> };
    expect(properties['ended_by']).toMatchObject({
      anyOf: [{ enum: [...CALL_ENDERS] }, { type: 'null' }],
    });
  });

  it.each([
    ['get', '/api/v1/sip-trunks/{id}', ['If-None-Match']],
    ['get', '/api/v1/sip-trunks/{id}/status', []],
    ['get', '/api/v1/bridges/{id}', []],
    ['delete', '/api/v1/phone-numbers/{id}', ['If-Match']],
    ['delete', '/api/v1/api-keys/{id}', []],
    ['post', '/api/v1/sip-trunks/{id}/enable', ['If-Match']],
    ['post', '/api/v1/phone-numbers/import', ['Idempotency-Key']],
    ['post', '/api/v1/sip-trunks/sync', []],
  ])('%s %s takes the headers %j that count there', (method, path, headers) => {
    const { parameters, responses } = document.paths[path]![method]!;
    expect(
      parameters!
        .filter((parameter) => parameter.in === 'header' && parameter.name !== 'X-Organization-Id')
        .map(({ name }) => name),
    ).toEqual(headers);
    expect('304' in responses).toBe(headers.includes('If-None-Match'));
  });

  it('has patterns that every language reads the same', () => {
    const patterns: string[] = [];
    JSON.stringify(document, (name, value: unknown) => {
      if (name === 'pattern' && typeof value === 'string') patterns.push(value);
      return value;
    });
    const { properties } = document.components!.schemas!['Trunk'] as { properties: { name: { pattern: string } } };
    const name = new RegExp(properties.name.pattern);
    expect(['sip.example.com', 'Ü', 'a\u0000', 'a\u0085'].map((text) => name.test(text))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(patterns.filter((pattern) => pattern.includes('\\p'))).toEqual([]);
  });

  it('points at nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!);
    for (const reference of new Set(references)) {
      const found = reference
        .replace('#/', '')
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect([reference, typeof found]).toEqual([reference, 'object']);
    }
  });
});

describe('/docs', () => {
  it('is linked from /, and found from where it was before', async () => {
    const front = await mesh.api('/');
    expect(front).toMatchObject({ status: 200, text: expect.stringContaining('href="/docs"') });
    expect(front.headers.get('content-security-policy')).toContain("default-src 'none'");
    const moved = await fetch(`${mesh.service.url}/api/docs`, { redirect: 'manual' });
    expect([moved.status, moved.headers.get('location')]).toEqual([301, '/docs']);
  });

  it('is a page that may run its own scripts, and no others', async () => {
    const page = await mesh.api('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    for (const [, source] of page.text.matchAll(/(?:src|href)="(\.[^"]+)"/g)) {
      const { pathname } = new URL(source!, `${mesh.service.url}/docs`);
      expect([pathname, (await mesh.api(pathname)).status]).toEqual([pathname, 200]);
    }
  });
});
