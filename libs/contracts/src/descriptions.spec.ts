import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import * as contracts from './index.js';

interface Definition {
  shape?: Record<string, z.ZodType>;
  options?: z.ZodType[];
  [part: string]: unknown;
}
const PARTS = ['innerType', 'element', 'in', 'out', 'left', 'right', 'valueType'];

/** Properties whose description says of null or of an absent value what the schema does not allow, or the reverse. */
function misdescribed(): string[] {
  const seen = new Set<z.ZodType>();
  const found = new Set<string>();
  const walk = (schema: unknown, at: string): void => {
    if (!(schema instanceof z.ZodType) || seen.has(schema)) return;
    seen.add(schema);
    const definition = schema.def as unknown as Definition;
    for (const [name, property] of Object.entries(definition.shape ?? {})) {
      const fault = faultOf(property);
      if (fault !== undefined) found.add(`${at}.${name} ${fault}: ${property.description}`);
      walk(property, `${at}.${name}`);
    }
    for (const part of PARTS) walk(definition[part], at);
    for (const option of definition.options ?? []) walk(option, at);
  };
  for (const [name, schema] of Object.entries(contracts)) walk(schema, name);
  return [...found];
}

function faultOf(property: z.ZodType): string | undefined {
  const { description = '' } = property;
  const allows = (value: unknown) => property.safeParse(value).success;
  // Whatever the schema takes needs no word about null.
  if (description === '' || allows(Symbol.iterator)) return undefined;
  const speaksOfNull = /\bnull\b/i.test(description);
  if (allows(null)) return speaksOfNull ? undefined : 'does not say what null means';
  // `null` in code marks is a value that a reader sends or finds elsewhere.
  if (speaksOfNull && !description.includes('`null`')) return 'is never null';
  return /\babsent\b/i.test(description) && !allows(undefined) ? 'is never absent' : undefined;
}

describe('the descriptions of the contracts', () => {
  it('say what null and an absent value mean exactly where there may be one', () => expect(misdescribed()).toEqual([]));
});
