import { describe, expect, it } from '@jest/globals';
import { isOwnPage, sessionCookie, sessionToken } from './session-cookie.js';

const TOKEN = 'a'.repeat(43);

describe('the session cookie', () => {
  it('is for this host alone, over TLS, and out of reach of scripts', () => {
    expect(sessionCookie({ protocol: 'https', hostname: 'mesh.example.com' }, TOKEN, 60)).toBe(
      `__Host-trunkmesh=${TOKEN}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure`,
    );
  });

  it.each([
    ['http', 'localhost', false],
    ['http', '127.0.0.1', false],
    ['http', '[::1]', false],
    ['http', 'mesh.example.com', true],
    ['http', 'localhost.example.com', true],
    ['https', 'localhost', true],
  ])('%s://%s: Secure is %s', (protocol, hostname, secure) =>
    expect(sessionCookie({ protocol, hostname }, TOKEN, 60).includes('; Secure')).toBe(secure),
  );

  const local = { protocol: 'http', hostname: 'localhost' };
  const remote = { protocol: 'https', hostname: 'mesh.example.com' };
  it.each([
    [local, `a=b; trunkmesh=${TOKEN}`, TOKEN],
    [remote, `__Host-trunkmesh=${TOKEN}; a=b`, TOKEN],
    // A neighbouring host name could have set it.
    [remote, `trunkmesh=${TOKEN}`, undefined],
    [local, 'trunkmesh=short', undefined],
    [local, `trunkmesh=${'"'.repeat(43)}`, undefined],
    [local, undefined, undefined],
  ])('%j reads %j as %j', (reached, cookies, token) => expect(sessionToken(reached, cookies)).toBe(token));
});

describe('a request counts as one of our own pages', () => {
  const host = 'mesh.example.com';
  it.each([
    ['POST', { site: 'same-origin' }, true],
    ['POST', { site: 'same-site' }, false],
    ['POST', { site: 'cross-site', origin: `https://${host}` }, false],
    ['POST', { site: 'none' }, false],
    ['GET', { site: 'none' }, true],
    ['GET', { site: 'cross-site' }, false],
    ['DELETE', { origin: `https://${host}` }, true],
    ['DELETE', { origin: `https://${host}.example.org` }, false],
    ['DELETE', { origin: 'null' }, false],
    ['DELETE', {}, false],
    ['GET', {}, true],
  ])('%s %j: %s', (method, given: { site?: string; origin?: string }, expected) =>
    expect(isOwnPage({ method, site: given.site, origin: given.origin, host })).toBe(expected),
  );
});
