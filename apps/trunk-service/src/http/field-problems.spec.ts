import { describe, expect, it } from '@jest/globals';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { checkRequest, parseRequest } from './field-problems.js';

const schema = z.strictObject({
  name: printable(5).min(1),
  priority: z.number().int().min(0).max(10).default(1),
  transport: z.enum(['udp', 'tcp']).optional(),
  rules: z
    .array(z.strictObject({ add: z.string() }))
    .max(1)
    .default([]),
  headers: z.record(z.string().regex(/^X-/, 'header names begin with X-'), z.string()).default({}),
  id: z.uuid().optional(),
});

const problems = (value: unknown) => checkRequest(schema, value).problems;

describe('the problems of a request', () => {
  it.each([
    ['nothing', undefined, '', 'is required'],
    ['a list', [], '', 'must be an object'],
    ['a missing field', {}, '/name', 'is required'],
    ['another type', { name: 1 }, '/name', 'must be a text'],
    ['empty', { name: '' }, '/name', 'must not be empty'],
    ['too long', { name: 'abcdef' }, '/name', 'must have at most 5 characters'],
    ["a schema's own message", { name: 'a\nb' }, '/name', 'must not contain control characters'],
    ['not whole', { name: 'a', priority: 1.5 }, '/priority', 'must be a whole number'],
    ['too big', { name: 'a', priority: 11 }, '/priority', 'must be at most 10'],
    ['not one of', { name: 'a', transport: 'sctp' }, '/transport', 'must be one of "udp", "tcp"'],
    ['not a UUID', { name: 'a', id: 'x' }, '/id', 'must be a UUID'],
    ['too many', { name: 'a', rules: [{ add: '' }, { add: '' }] }, '/rules', 'must have at most 1 entries'],
    ['inside a list', { name: 'a', rules: [{}] }, '/rules/0/add', 'is required'],
    ['a key', { name: 'a', headers: { 'Y~/': '' } }, '/headers/Y~0~1', 'header names begin with X-'],
    ['an unknown field', { name: 'a', colour: 1 }, '/colour', 'is not a field of this request'],
    [
      'a mistyped field',
      { name: 'a', priorty: 1 },
      '/priorty',
      'is not a field of this request; did you mean "priority"?',
    ],
    ['camel case', { name: 'a', Priority: 1 }, '/Priority', 'is not a field of this request; did you mean "priority"?'],
    [
      'a mistyped field inside',
      { name: 'a', rules: [{ add: '', ad: '' }] },
      '/rules/0/ad',
      'is not a field of this request; did you mean "add"?',
    ],
  ])('%s', (_title, value, pointer, message) => expect(problems(value)).toEqual([{ pointer, message }]));

  it('are all there at once', () => {
    expect(() => parseRequest(schema, { priority: -1, transport: 'x', nme: 'y' })).toThrow(
      expect.objectContaining({
        code: 'invalid-request',
        details: [
          { pointer: '/name', message: 'is required' },
          { pointer: '/priority', message: 'must be at least 0' },
          { pointer: '/transport', message: 'must be one of "udp", "tcp"' },
          { pointer: '/nme', message: 'is not a field of this request; did you mean "name"?' },
        ],
      }),
    );
  });

  it('never quote a value', () => {
    const secret = 'hunter2-hunter2';
    expect(
      JSON.stringify([
        problems({ name: secret }),
        problems({ name: 'a', priority: secret, transport: secret, rules: [secret], headers: secret, id: secret }),
      ]),
    ).not.toContain(secret);
  });

  it('a polluting key is an unknown field', () =>
    expect(problems(JSON.parse('{"name":"a","__proto__":{"x":1}}'))).toEqual([
      { pointer: '/__proto__', message: 'is not a field of this request' },
    ]));
});
