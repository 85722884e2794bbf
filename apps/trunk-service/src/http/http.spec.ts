import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import fc from 'fast-check';
import { nameKey } from '../event-store/name-key.js';
import { authorize, bearerToken, organizationOf, type Access, type Caller, type Role } from './caller.js';
import { etagOf, isUnchanged, requireMatch } from './etag.js';
import { decodeCursor, encodeCursor, pageHeaders, pageQuery } from './page.js';
import { problemOf, retryAfter } from './problem.js';

const caller = (role: Role, status: 'active' | 'suspended' = 'active'): Caller => ({
  role,
  organization: { id: 'o', status, parallel_imports: null },
  keyId: null,
});

describe('authorize', () => {
  const table: [Exclude<Access, 'public'>, Role, boolean][] = [
    ['read', 'member', true],
    ['read', 'publisher', true],
    ['read', 'admin', true],
    ['read', 'bootstrap', true],
    ['manage', 'member', false],
    ['manage', 'publisher', false],
    ['manage', 'admin', true],
    ['manage', 'bootstrap', true],
    ['publish', 'member', false],
    ['publish', 'publisher', true],
    ['publish', 'admin', true],
    ['publish', 'bootstrap', true],
    ['operate', 'member', false],
    ['operate', 'publisher', false],
    ['operate', 'admin', false],
    ['operate', 'bootstrap', true],
  ];
  it.each(table)('%s by %s: %s', (access, role, allowed) => {
    if (allowed) expect(() => authorize(caller(role), access)).not.toThrow();
    else expect(() => authorize(caller(role), access)).toThrow(expect.objectContaining({ code: 'not-allowed' }));
  });
  it('lets a suspended organisation look', () =>
    expect(() => authorize(caller('admin', 'suspended'), 'read')).not.toThrow());
  it('lets a suspended organisation change nothing', () =>
    expect(() => authorize(caller('admin', 'suspended'), 'manage')).toThrow(
      expect.objectContaining({ code: 'organization-suspended' }),
    ));
  it('lets the operator change a suspended organisation', () =>
    expect(() => authorize(caller('bootstrap', 'suspended'), 'manage')).not.toThrow());
  it('asks the operator for whom', () =>
    expect(() => organizationOf({ ...caller('bootstrap'), organization: null })).toThrow(
      expect.objectContaining({ code: 'invalid-request' }),
    ));
});

describe('bearerToken', () => {
  it.each([
    ['Bearer tm_1', 'tm_1'],
    ['bearer  abc ', 'abc'],
  ])('%j', (header, token) => expect(bearerToken(header)).toBe(token));
  it.each([undefined, '', 'Basic abc', 'Bearer', 'Bearer a b', `Bearer ${'a'.repeat(600)}`, 'Bearer a\nb'])(
    '%j is refused',
    (header) => expect(() => bearerToken(header)).toThrow(expect.objectContaining({ code: 'not-authenticated' })),
  );
});

describe('entity tags', () => {
  it.each([
    [undefined, true],
    ['"3"', true],
    ['"1", "3"', true],
    ['*', true],
    ['"2"', false],
    ['W/"3"', false],
    ['3', false],
  ])('If-Match %j passes version 3: %s', (header, passes) => {
    const check = () => requireMatch(header, { version: 3, state: {} });
    if (passes) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code: 'precondition-failed' }));
  });
  it('If-Match * fails on what is gone', () =>
    expect(() => requireMatch('*', { version: 3, state: null })).toThrow(
      expect.objectContaining({ code: 'precondition-failed' }),
    ));
  it.each([
    [undefined, false],
    ['"3"', true],
    ['W/"3"', true],
    ['*', true],
    ['"4"', false],
  ])('If-None-Match %j is unchanged at version 3: %s', (header, unchanged) =>
    expect(isUnchanged(header, 3)).toBe(unchanged),
  );
  it('is quoted', () => expect(etagOf(12)).toBe('"12"'));
});

describe('cursors', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string({ unit: 'grapheme' }), (n, text) => {
        const cursor = encodeCursor([n, text]);
        expect(cursor).toMatch(/^[\w-]*$/);
        expect(decodeCursor(cursor, ['number', 'string'])).toEqual([n, text]);
      }),
    );
  });
  it.each(['', 'x', '!!', encodeCursor(['a', 1]), encodeCursor([1]), btoa('{"a":1}'), btoa('\xff')])(
    '%j is refused',
    (cursor) => expect(() => decodeCursor(cursor, ['number', 'string'])).toThrow(DomainError),
  );
  it('are taken back however long a name is where it is compared', () => {
    // A ligature of one letter, which is eighteen.
    const cursor = encodeCursor([nameKey('\ufdfa'.repeat(200))]);
    expect(pageQuery.parse({ cursor })).toMatchObject({ cursor });
  });
  it('the next page keeps the filters', () => {
    expect(pageHeaders('/api/v1/sip-trunks?enabled=true&cursor=a', { total: 3, next: 'b' })).toEqual({
      'X-Total-Count': '3',
      Link: '</api/v1/sip-trunks?enabled=true&cursor=b>; rel="next"',
    });
    expect(pageHeaders('/x', { total: 3, next: undefined })).toEqual({ 'X-Total-Count': '3' });
  });
});

describe('a problem', () => {
  it('says everything', () => {
    expect(
      problemOf(
        new DomainError('duplicate-trunk-name', 'No.', [{ pointer: '/name', message: 'is taken' }], { numbers: [1] }),
        'r',
      ),
    ).toEqual({
      type: 'urn:trunkmesh:problem:duplicate-trunk-name',
      title: 'Duplicate trunk name',
      status: 400,
      code: 'duplicate-trunk-name',
      detail: 'No.',
      errors: [{ pointer: '/name', detail: 'is taken' }],
      request_id: 'r',
      numbers: [1],
    });
  });
  it.each([
    ['record-unavailable', 2],
    ['idempotency-key-in-progress', 1],
    ['trunk-not-found', undefined],
  ] as const)('%s is worth another try after %s seconds', (code, seconds) =>
    expect(retryAfter({ code, extensions: {} })).toBe(seconds),
  );
  it('tells how long a limit lasts', () =>
    expect(retryAfter({ code: 'too-many-requests', extensions: { retry_after_seconds: 42 } })).toBe(42));
});
