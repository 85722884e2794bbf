import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import openapiTS, { astToString } from 'openapi-typescript';
import { startFixture } from '../trunk-service.fixture.js';
import type { OpenApi } from './open-api.js';

type Json = Record<string, unknown>;

let text: string;
let document: OpenApi & { webhooks: Json };
beforeAll(async () => {
  const mesh = await startFixture();
  ({ text } = await mesh.api('/api/openapi.json'));
  await mesh.stop();
  document = JSON.parse(text);
}, 60_000);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const schemas = () => document.components!.schemas as Record<string, Json>;

/** Every object of the document, with its place. */
function* objects(value: unknown, at = '#'): Generator<[string, Json]> {
  if (isObject(value)) yield [at, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) yield* objects(item, `${at}/${key}`);
}

/** What the schema, or the one that it refers to, says of itself. */
function descriptionOf(schema: unknown): string | undefined {
  if (!isObject(schema)) return undefined;
  if (typeof schema['description'] === 'string') return schema['description'];
  const reference = schema['$ref'];
  return typeof reference === 'string' ? descriptionOf(schemas()[reference.split('/').at(-1)!]) : undefined;
}

describe('the OpenAPI document', () => {
  it('passes the recommended rules of Redocly', async () => {
    const config = await createConfig({
      extends: ['recommended'],
      // "claims/{number}" and "{number}/move": no number is called "claims".
      rules: { 'no-ambiguous-paths': 'off' },
    });
    const problems = await lintFromString({ source: text, absoluteRef: '/openapi.json', config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  }, 30_000);

  it('is OpenAPI 3.1 with the webhooks that bridges call', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      webhooks: { callStatus: { post: { operationId: 'onCallStatus' } }, prewarm: { post: {} } },
    });
  });

  it('describes every property and every parameter', () => {
    const properties = [...objects(document)]
      .filter(([at, value]) => isObject(value['properties']) && !at.endsWith('/properties'))
      .flatMap(([at, value]) =>
        Object.entries(value['properties'] as Json).map(([name, schema]) => ({ at, name, schema })),
      );
    expect(properties.length).toBeGreaterThan(400);
    expect(properties.filter(({ schema }) => !descriptionOf(schema)).map(({ at, name }) => `${at}/${name}`)).toEqual(
      [],
    );
    const parameters = [...objects(document.paths)].filter(([at]) => /\/parameters\/\d+$/.test(at));
    expect(parameters.filter(([, parameter]) => !parameter['description']).map(([at]) => at)).toEqual([]);
  });

  it('names the schema of every answer, error and JSON body', () => {
    const contents = [...objects(document.paths)].filter(([at]) => /\/content\/[^#]*json$/.test(at));
    const isNamed = (schema: unknown): boolean =>
      isObject(schema) &&
      (typeof schema['$ref'] === 'string' ||
        isNamed(schema['items']) ||
        (Array.isArray(schema['anyOf']) && schema['anyOf'].every(isNamed)));
    expect(contents.length).toBeGreaterThan(200);
    expect(contents.filter(([, { schema }]) => !isNamed(schema)).map(([at]) => at)).toEqual([]);
    for (const [path, operations] of Object.entries(document.paths))
      for (const [method, { responses }] of Object.entries(operations)) {
        const answers = Object.entries(responses).filter(([status]) => !['204', '304'].includes(status));
        expect(
          answers.filter(([, answer]) => !isObject((answer as Json)['content'])).map(([s]) => [method, path, s]),
        ).toEqual([]);
      }
  });

  it('names operations as a client reads them', () => {
    const ids = Object.values(document.paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    );
    expect(ids).toEqual(expect.arrayContaining(['listTrunks', 'createTrunk', 'verifyTrunkAddress', 'listCalls']));
    expect(ids.filter((id) => typeof id !== 'string' || !/^[a-z][A-Za-z]+$/.test(id))).toEqual([]);
  });

  it('documents the headers of answers', () => {
    const { responses } = document.paths['/api/v1/sip-trunks']!['get']!;
    expect(responses).toMatchObject({
      200: { headers: { Link: {}, 'X-Total-Count': {}, 'X-Request-Id': {} } },
      429: { headers: { 'Retry-After': {} } },
    });
  });
});

const USE = `
import type { operations, components, webhooks } from './client.js';
type Trunk = components['schemas']['Trunk'];
type Listed = operations['listTrunks']['responses'][200]['content']['application/json'][number];
export const same = (trunk: Listed): Trunk => trunk;
export const page = (calls: components['schemas']['CallList']): string[] => calls.items.map(({ call_sid }) => call_sid);
export const input: components['schemas']['TrunkInput'] = { name: 'Office PBX', gateway: 'sip.example.com' };
export type Status = webhooks['callStatus']['post']['requestBody']['content']['application/json']['status'];
export const final: Status = 'completed';
// @ts-expect-error a trunk on reads has no password
export const password = (trunk: Trunk): string => trunk.password;
`;

describe('a TypeScript client that is generated from it', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trunkmesh-client-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('compiles, and reads well', async () => {
    const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url));
    await symlink(modules, join(folder, 'node_modules'));
    await writeFile(join(folder, 'client.ts'), astToString(await openapiTS(text, { defaultNonNullable: false })));
    await writeFile(join(folder, 'use.ts'), USE);
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', 'use.ts'];
    const { stdout } = await promisify(execFile)(process.execPath, [join(modules, 'typescript/bin/tsc'), ...options], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  }, 60_000);
});
