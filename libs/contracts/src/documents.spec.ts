import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { asyncApiDocument, CHANNELS, eventJsonSchema, eventType } from './documents.js';

const types = CHANNELS.flatMap(({ events }) => events.map(eventType)).sort();

describe('the AsyncAPI document', () => {
  const document = asyncApiDocument('0.1.0') as {
    components: { messages: object; schemas: Record<string, unknown> };
  };

  it('has a message for every event that there is a sample of', () => {
    const samples = readdirSync(new URL('../samples/', import.meta.url)).map((file) => file.replace(/\.json$/, ''));
    expect(Object.keys(document.components.messages).sort()).toEqual(samples.sort());
  });

  it('points at nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!);
    expect(references.length).toBeGreaterThan(100);
    for (const reference of new Set(references)) {
      const found = reference
        .replace('#/', '')
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect([reference, typeof found]).toEqual([reference, 'object']);
    }
  });
});

interface Described {
  description?: string;
  $ref?: string;
}

/** The places of the properties of which neither they nor what they refer to say anything. */
function undescribed(schema: Record<string, unknown>, type: string): string[] {
  const definitions = (schema['$defs'] ?? {}) as Record<string, Described>;
  const isDescribed = ({ description, $ref = '' }: Described) =>
    (description ?? definitions[$ref.split('/').at(-1)!]?.description) !== undefined;
  const walk = (value: unknown, at: string): string[] => {
    if (typeof value !== 'object' || value === null) return [];
    const { properties } = value as { properties?: Record<string, Described> };
    const own = properties === undefined || at.endsWith('/properties') ? [] : Object.entries(properties);
    return [
      ...own.filter(([, property]) => !isDescribed(property)).map(([name]) => `${at}/${name}`),
      ...Object.entries(value).flatMap(([key, item]) => walk(item, `${at}/${key}`)),
    ];
  };
  return walk(schema, type);
}

describe('the JSON Schemas', () => {
  it.each(CHANNELS.flatMap(({ events }) => [...events]).map((event) => [eventType(event), event] as const))(
    '%s describes every property',
    (type, event) => {
      const missing = undescribed(eventJsonSchema(event), type);
      expect(missing).toEqual([]);
    },
  );

  it('are of every event', () => expect(types.length).toBe(new Set(types).size));
});
