import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { answerChallenge, challengeOf, type Hash } from './digest.js';

const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');
/** The example of RFC 7616 §3.9.1. */
const EXAMPLE =
  'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=ALGORITHM, ' +
  'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const challenged = (...headers: string[]) => challengeOf(401, () => headers);

describe('a challenge', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('of %s is answered as in the standard', (algorithm, response) => {
    const [name, value] = answerChallenge(
      challenged(EXAMPLE.replace('ALGORITHM', algorithm))!,
      { username: 'Mufasa', password: 'Circle of Life' },
      { method: 'GET', uri: '/dir/index.html', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
      hash,
    );
    expect(name).toBe('Authorization');
    expect(value).toContain(`response="${response}"`);
  });

  it('of MD5 goes before one of SHA-256, as FreeSWITCH takes them', () =>
    expect(challenged('Digest realm="a", nonce="1", algorithm=SHA-256', 'Digest realm="a", nonce="2"')).toMatchObject({
      algorithm: 'MD5',
      nonce: '2',
      qop: undefined,
    }));

  it.each([
    ['another scheme', 'Basic realm="a"'],
    ['another algorithm', 'Digest realm="a", nonce="1", algorithm=MD5-sess'],
    ['auth-int alone', 'Digest realm="a", nonce="1", qop="auth-int"'],
    ['no nonce', 'Digest realm="a"'],
    ['a realm with an escape', 'Digest realm="a\\"b", nonce="1"'],
  ])('with %s is none to answer', (_what, header) => expect(challenged(header)).toBeUndefined());

  it('escapes a quote in the user name', () => {
    const challenge = challengeOf(407, () => ['Digest realm="a", nonce="1", stale=TRUE'])!;
    expect(challenge.stale).toBe(true);
    const credentials = { username: 'a"b', password: 'x' };
    expect(answerChallenge(challenge, credentials, { method: 'INVITE', uri: 'sip:1@a', cnonce: '1' }, hash)).toEqual([
      'Proxy-Authorization',
      expect.stringContaining('username="a\\"b"'),
    ]);
  });
});
