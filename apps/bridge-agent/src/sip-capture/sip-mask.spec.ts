import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_TEXT, maskSip } from './sip-mask.js';

const message = (lines: readonly string[], body = ''): string => [...lines, '', body].join('\r\n');
const START = 'INVITE sip:+15551230001@192.0.2.1 SIP/2.0';
const line = (text: string) => maskSip(message([START, text])).text.split('\r\n')[1];
const body = (type: string, text: string) =>
  maskSip(message([START, `Content-Type: ${type}`], text)).text.split('\r\n\r\n')[1];

describe('a SIP message without its credentials', () => {
  it.each([
    [
      'Authorization: Digest username="u", realm="example.com", nonce="n1", uri="sip:x", response="r1", algorithm=MD5',
      'Authorization: Digest realm="example.com", algorithm=MD5, ***',
    ],
    ['Proxy-Authorization : Basic dTpw', 'Proxy-Authorization: Basic ***'],
    ['authorization: nothing-known', 'authorization: ***'],
    [
      'WWW-Authenticate: Digest nonce="n1", realm="a, b", stale=true, opaque="o"',
      'WWW-Authenticate: Digest realm="a, b", stale=true, ***',
    ],
    ['Identity: eyJhbGciOi.x.y', 'Identity: ***'],
    ['X-Api-Key: 123', 'X-Api-Key: ***'],
    ['From: "A" <sip:alice:secret@example.com>;tag=1', 'From: "A" <sip:alice:***@example.com>;tag=1'],
    ['Contact: <sips:a:b:c@[2001:db8::1]:5061;token="x y">', 'Contact: <sips:a:***@[2001:db8::1]:5061;token=***>'],
    ['Contact: <sip:[2001:db8::1]:5060>', 'Contact: <sip:[2001:db8::1]:5060>'],
    ['Refer-To: <sip:b@example.com?Authorization=Digest%20x>', 'Refer-To: <sip:b@example.com?Authorization=***>'],
    ['Call-Info: <https://me:pw@example.com/x>', 'Call-Info: <https://me:***@example.com/x>'],
    ['no header at all', '***'],
    [
      'Diversion: <sip:+15551230002@example.com>;reason=no-answer',
      'Diversion: <sip:+15551230002@example.com>;reason=no-answer',
    ],
  ])('%s', (given, expected) => {
    expect(line(given)).toBe(expected);
  });

  it('is cut where a header is folded, and where lines end in LF alone', () => {
    const { text } = maskSip(`${START}\nAuthorization: Digest\n response="r1",\n\tusername="u1"\nVia: x\n\n`);
    expect(text).toBe(`${START}\r\nAuthorization: Digest ***\r\nVia: x\r\n\r\n`);
    expect(maskSip('REGISTER sip:u:pw@example.com SIP/2.0\r\n\r\n').text).toBe(
      'REGISTER sip:u:***@example.com SIP/2.0\r\n\r\n',
    );
  });

  it('keeps an SDP without its keys, and no body of another type', () => {
    const keys = ['a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:k3y', 'k=clear:k3y', 'a=ice-pwd:k3y'];
    const sdp = ['v=0', ...keys, 'a=rtpmap:0 PCMU/8000', ''].join('\r\n');
    expect(body('application/sdp', sdp)).toBe(
      'v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 ***\r\nk=***\r\na=ice-pwd***\r\na=rtpmap:0 PCMU/8000\r\n',
    );
    expect(body('application/dtmf-relay', 'Signal=5\r\n')).toBe(
      '(a body of the type application/dtmf-relay is not kept)\r\n',
    );
    expect(body('message/sipfrag', 'SIP/2.0 200 OK\r\nAuthorization: Digest response="r1"')).toBe(
      'SIP/2.0 200 OK\r\nAuthorization: Digest ***',
    );
  });

  it('never survives, whatever the message looks like', () => {
    const secret = 'S3cr3tS3cr3t';
    const name = fc.constantFrom('Authorization', 'PROXY-AUTHORIZATION', 'authorization', 'X-Auth-Token', 'Identity');
    const noise = fc.string({ maxLength: 30 }).map((text) => text.replace(/[\r\n]/g, ''));
    const space = fc.constantFrom('', ' ', '\r\n ', '\n\t');
    const header = fc.oneof(
      fc
        .tuple(name, space, noise, fc.boolean())
        .map(
          ([of, gap, some, quoted]) =>
            `${of}:${gap} Digest username="${some.replace(/["\\]/g, '')}",${gap || ' '}response=${quoted ? `"${secret}"` : secret}`,
        ),
      fc.constantFrom('From', 'To', 'Contact', 'Refer-To', 'f').map((of) => `${of}: <sip:user:${secret}@example.com>`),
      fc.constantFrom('From', 'Route').map((of) => `${of}: <sip:user@example.com;password=${secret}>;lr`),
      noise.map((text) => `Subject: ${text}`),
    );
    const key = fc.constantFrom(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${secret}`, `k=clear:${secret}`, 'v=0');
    fc.assert(
      fc.property(
        fc.array(header, { maxLength: 8 }),
        fc.array(key),
        fc.constantFrom('\r\n', '\n'),
        (lines, sdp, eol) => {
          const given = [START, ...lines, 'Content-Type: application/sdp', '', ...sdp].join(eol);
          expect(maskSip(given).text).not.toContain(secret);
        },
      ),
    );
  });

  it('never throws and never grows beyond its bound', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(maskSip(text).text.length).toBeLessThanOrEqual(MAX_TEXT);
      }),
    );
    expect(maskSip(message([START, `X: ${'a'.repeat(20_000)}`]))).toMatchObject({ truncated: true });
  });
});
