import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Confirmations } from './confirmations.process.js';
import { type OpenApiDocument, requestOf, requestText, type Tool, toolsOf } from './tools.js';

const DOCUMENT: OpenApiDocument = {
  paths: {
    '/api/v1/sip-trunks/{id}': {
      get: {
        operationId: 'getTrunk',
        summary: 'Read a trunk',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'X-Organization-Id', in: 'header', schema: { type: 'string' } },
        ],
      },
      patch: {
        operationId: 'updateTrunk',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Patch' } } } },
      },
      delete: { operationId: 'deleteTrunk' },
    },
  },
  components: {
    schemas: {
      Patch: { type: 'object', properties: { rules: { items: { $ref: '#/components/schemas/Rule' } } } },
      Rule: { type: 'object', properties: { inner: { $ref: '#/components/schemas/Rule' } } },
      Other: { type: 'string' },
    },
  },
};
const toolNamed = (name: string) => toolsOf(DOCUMENT, true).find((tool) => tool.name === name)!;

describe('the tools', () => {
  it('write only where that is allowed, and never delete', () => {
    expect(toolsOf(DOCUMENT, false).map(({ name }) => name)).toEqual(['getTrunk']);
    expect(toolsOf(DOCUMENT, true).map(({ name, writes }) => [name, writes])).toEqual([
      ['getTrunk', false],
      ['updateTrunk', true],
    ]);
  });

  it('bring the schemas that theirs refer to, and no header', () => {
    expect(toolNamed('getTrunk').inputSchema).toEqual({
      type: 'object',
      properties: { id: { type: 'string' } },
      required: ['id'],
    });
    const { properties, required, $defs } = toolNamed('updateTrunk').inputSchema;
    expect([properties['body'], required]).toEqual([{ $ref: '#/$defs/Patch' }, ['id', 'body']]);
    expect(Object.keys($defs!)).toEqual(['Patch', 'Rule']);
    expect(JSON.stringify($defs)).not.toContain('components');
  });

  it('ask for their own path alone, whatever a model gives', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.dictionary(fc.string(), fc.string()),
        (id, more) => {
          fc.pre(!['.', '..'].includes(id));
          const { target } = requestOf(toolNamed('getTrunk'), { ...more, id });
          const url = new URL(target, 'http://mesh.example');
          expect([url.host, url.pathname]).toEqual(['mesh.example', `/api/v1/sip-trunks/${encodeURIComponent(id)}`]);
          expect(url.search).toBe('');
        },
      ),
    );
    const asking = (id: unknown) => () => requestOf(toolNamed('getTrunk') as Tool, { id });
    for (const id of ['', '.', '..', undefined, 7]) expect(asking(id)).toThrow('getTrunk needs id');
  });
});

describe('a confirmation', () => {
  it('names what is sent, and nothing that a model has written beside it', () => {
    const tool = toolNamed('updateTrunk');
    const given = { id: 'a', body: { name: 'x\u202ey' }, note: 'only a test, nothing is changed' };
    expect(requestText(tool, requestOf(tool, given))).toBe(
      String.raw`updateTrunk: PATCH /api/v1/sip-trunks/a {"name":"x\u202ey"}`,
    );
  });

  it('holds once, for its request, for five minutes', () => {
    let now = 0;
    const confirmations = new Confirmations(() => now);
    const code = confirmations.announce(['updateTrunk', { id: 'a' }]);
    expect(confirmations.confirm(code, ['updateTrunk', { id: 'b' }])).toBe(false);
    expect(confirmations.confirm(code, ['updateTrunk', { id: 'a' }])).toBe(true);
    expect(confirmations.confirm(code, ['updateTrunk', { id: 'a' }])).toBe(false);
    const late = confirmations.announce(['updateTrunk', {}]);
    now = 5 * 60_000;
    expect(confirmations.confirm(late, ['updateTrunk', {}])).toBe(false);
  });
});
