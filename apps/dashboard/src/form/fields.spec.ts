import { describe, expect, it } from '@jest/globals';
import { changedFields, patchOf, problemOfField, storedSecrets, textsOf, type FieldSpec } from './fields.js';
import { textOf, valueOf, type Kind } from './values.js';

const RULE = { direction: 'inbound', prefix: '00', strip: 2, add: '+', min_length: 0, max_length: 32 };

describe('a field', () => {
  it.each<[Kind, unknown, string]>([
    ['text', 'Office', 'Office'],
    ['number', 10, '10'],
    ['number', null, ''],
    ['list', ['192.0.2.1', '2001:db8::/64'], '192.0.2.1, 2001:db8::/64'],
    ['numbers', [408, 503], '408, 503'],
    ['flags', { voice: true }, 'voice'],
    ['headers', { 'X-A': '1', 'X-B': 'a: b' }, 'X-A: 1\nX-B: a: b'],
    ['rules', [RULE], 'inbound, 00, 2, +, 0, 32'],
    ['yes-no', false, 'false'],
  ])('%s %j is %j, and back', (kind, value, text) => {
    expect(textOf(kind, value)).toBe(text);
    expect(valueOf(kind, text)).toEqual(value);
  });

  it('leaves to the service to refuse what is no number', () => {
    expect(['ten', 'Infinity'].map((text) => valueOf('number', text))).toEqual(['ten', 'Infinity']);
    expect(valueOf('numbers', '408, x')).toEqual([408, 'x']);
    expect(valueOf('rules', 'inbound, 00, two')).toEqual([{ direction: 'inbound', prefix: '00', strip: 'two' }]);
  });

  it('never shows a secret', () => expect(textOf('secret', 'v1.sealed')).toBe(''));
});

describe('a form', () => {
  const field = (name: string, kind: Kind = 'text'): FieldSpec => ({ name, kind, label: name });
  const fields = [field('name'), field('priority', 'number'), field('identity.privacy'), field('headers', 'headers')];
  const state = { name: 'A', priority: 10, identity: { privacy: 'none', diversion: 'x' }, headers: { 'X-A': '1' } };
  const before = textsOf(fields, state);

  it('sends what was changed and nothing else', () => {
    expect(patchOf(fields, before, { ...before, name: 'A ' })).toEqual({});
    expect(patchOf(fields, before, { ...before, priority: '', 'identity.privacy': 'id' })).toEqual({
      priority: null,
      identity: { privacy: 'id' },
    });
    expect(patchOf(fields, before, { ...before, headers: 'X-B: 2' })).toEqual({ headers: { 'X-A': null, 'X-B': '2' } });
  });

  it('knows which fields differ', () =>
    expect(changedFields(fields, before, { ...before, name: 'B' }).map(({ name }) => name)).toEqual(['name']));

  it('finds what the service says of a field, also of a part of it', () => {
    const errors = [
      { pointer: '/identity/privacy', detail: 'a' },
      { pointer: '/headers/X-A', detail: 'b' },
    ];
    expect(['identity.privacy', 'headers', 'name'].map((name) => problemOfField(errors, name))).toEqual([
      'a',
      'b',
      undefined,
    ]);
  });
});

describe('the secrets that are stored', () => {
  it('are those of which the API says so', () => {
    const secret = (name: string) => ({ name, label: name, kind: 'secret' as const });
    const fields = [
      secret('password'),
      secret('signing_secret'),
      { name: 'name', label: 'Name', kind: 'text' as const },
    ];
    const values = { has_password: true, has_signing_secret: false, has_name: true };
    expect([...storedSecrets(fields, values)]).toEqual(['password']);
  });
});
