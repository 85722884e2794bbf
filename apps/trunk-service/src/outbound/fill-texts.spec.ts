import { describe, expect, it } from '@jest/globals';
import { CALL_TEXT_LENGTH } from '@trunkmesh/contracts/outbound-call.js';
import { fillTexts } from './fill-texts.js';

const filled = (agenda: string, variables?: Record<string, string | number | boolean>) =>
  fillTexts({ agenda, variables }).texts.agenda;

describe('the texts of a call', () => {
  it.each([
    ['Hello {{name}}!', { name: 'Ana' }, 'Hello Ana!'],
    ['{{ name }} and {{name}}', { name: 'Ana' }, 'Ana and Ana'],
    ['{{count}} of {{all}}, {{due}}', { count: 2, all: 0, due: false }, '2 of 0, false'],
    ['{{first name}}', { 'first name': 'Ana' }, 'Ana'],
    ['{{name}}', {}, '{{name}}'],
    ['{{name}}', undefined, '{{name}}'],
    ['{{name}}', { name: '' }, ''],
    ['{{a}}', { a: '{{b}}', b: 'x' }, '{{b}}'],
    ['{{a}}', { a: "$& $1 $'" }, "$& $1 $'"],
    ['{{constructor}} {{__proto__}}', {}, '{{constructor}} {{__proto__}}'],
    ['{name} {{}} {{{name}}}', { name: 'Ana' }, '{name} {{}} {Ana}'],
  ])('%j with %j is %j', (text, variables, expected) => {
    expect(filled(text, variables as Record<string, string>)).toBe(expected);
  });

  it('are absent where they were not given', () => {
    expect(fillTexts({ variables: { name: 'Ana' } })).toEqual({ texts: {}, problems: [] });
  });

  it('may not become longer than a text may be', () => {
    const half = 'x'.repeat(CALL_TEXT_LENGTH / 2);
    expect(fillTexts({ agenda: '{{a}}{{a}}', variables: { a: half } }).problems).toEqual([]);
    expect(
      fillTexts({ agenda: '{{a}}{{a}}.', welcome_message: '{{a}}', variables: { a: half } }).problems,
    ).toMatchObject([{ pointer: '/agenda', message: expect.stringContaining(String(CALL_TEXT_LENGTH)) }]);
  });
});
