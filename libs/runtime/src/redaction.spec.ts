import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { REDACTED, redact, redactText } from './redaction.js';

const describeError = (error: Error) => ({ ...error, message: error.message });

describe('redact', () => {
  it.each([
    'password',
    'Password',
    'sip_password',
    'passwd',
    'authorization',
    'Authorization',
    'proxy-authorization',
    'secret',
    'client_secret',
    'SECRET_KEYS',
    'api_key',
    'apiKey',
    'bootstrapKey',
    'adminKey',
    'key',
    'token',
    'access_token',
    'cookie',
    'set-cookie',
    'credentials',
  ])('hides %s', (name) => {
    expect(redact({ [name]: 'hunter2' }, describeError)).toEqual({ [name]: REDACTED });
  });

  it.each(['key_id', 'has_password', 'monkey', 'organization_id', 'idempotency', 'keyboard'])('shows %s', (name) => {
    const value = name.startsWith('has') ? true : 'shown';
    expect(redact({ [name]: value }, describeError)).toEqual({ [name]: value });
  });

  it('hides at any depth, in arrays and in errors, and leaves its argument as it was', () => {
    const error = Object.assign(new Error('no'), { config: { headers: [{ authorization: 'Bearer abc' }] } });
    const given = { a: [{ b: { c: { password: 'hunter2' } } }], error };
    expect(JSON.stringify(redact(given, describeError))).not.toMatch(/hunter2|Bearer abc/);
    expect(given.a[0]!.b.c.password).toBe('hunter2');
  });

  it('ends on a value that refers to itself', () => {
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    expect(JSON.stringify(redact(loop, describeError))).toContain('[too deep]');
  });

  it('never lets a secret through, however the object is built', () => {
    fc.assert(
      fc.property(
        fc.object({ maxDepth: 12 }),
        fc.constantFrom('password', 'authorization', 'secret'),
        (value, name) => {
          const wrap = (depth: number): unknown =>
            depth === 0 ? { ...value, [name]: 'S3CR3T-VALUE' } : { nested: [wrap(depth - 1)] };
          return [0, 1, 2, 5].every(
            (depth) => !JSON.stringify(redact(wrap(depth), describeError)).includes('S3CR3T-VALUE'),
          );
        },
      ),
    );
  });
});

describe('redactText', () => {
  it.each([
    [
      'connect postgres://mesh:hunter2@db.example.com/mesh failed',
      `connect postgres://mesh:${REDACTED}@db.example.com/mesh failed`,
    ],
    [
      'nats://a:b@one.example.com,nats://c:d@two.example.com',
      `nats://a:${REDACTED}@one.example.com,nats://c:${REDACTED}@two.example.com`,
    ],
    ['Authorization: Bearer tm_abcdef012345', `Authorization: Bearer ${REDACTED}`],
    ['nothing here: http://example.com:8080/path', 'nothing here: http://example.com:8080/path'],
  ])('%s', (text, shown) => {
    expect(redactText(text)).toBe(shown);
  });
});
