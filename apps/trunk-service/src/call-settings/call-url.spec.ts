import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { callUrlProblem } from './call-url.js';

const outside = { allowPrivate: false };
const inside = { allowPrivate: true };

describe('a URL that calls are told or connected to', () => {
  it.each([
    ['ws', 'wss://assistant.example.com/media?token=abc&x=%20'],
    ['ws', 'ws://assistant.example.com:8080'],
    ['ws', 'WSS://assistant.example.com/'],
    ['http', 'https://192.0.2.7:8443/a/b'],
    ['http', 'http://[2001:db8::1]/status'],
    ['http', 'https://xn--bcher-kva.example/@here'],
  ] as const)('%s %s', (scheme, url) => expect(callUrlProblem(url, scheme, outside)).toBeUndefined());

  it.each([
    ['ws', 'https://a.example.com', /begins with ws:\/\/ or wss:\/\//],
    ['http', 'wss://a.example.com', /begins with http/],
    ['http', 'a.example.com', /begins with http/],
    ['http', 'javascript:alert(1)', /begins with http/],
    ['http', 'https://', /must be/],
    ['http', 'https://a.example.com:99999', /must be/],
    ['http', 'https://user:secret@a.example.com', /user name/],
    ['http', 'https://@a.example.com', /user name/],
    ['http', 'https:user@a.example.com', /must/],
    ['http', 'https:a.example.com', /must/],
    ['http', 'https:///a@a.example.com', /must/],
    ['http', 'https:\\\\a@a.example.com', /backslashes/],
    ['http', 'https://a.example.com/#x', /fragment/],
    ['ws', 'wss://a.example.com/\r\nX: y', /control characters/],
    ['ws', 'wss://a.exam\tple.com', /control characters/],
    ['ws', ' wss://a.example.com', /spaces/],
    ['ws', 'wss://b\u00fccher.example', /xn--/],
    ['http', 'https://a.example.com/\u0000', /control/],
    ['http', 'https://a_b..example.com', /host/],
    ['http', 'http://-a.example.com', /host/],
  ] as const)('%s %j is refused', (scheme, url, message) => {
    const problem = callUrlProblem(url, scheme, inside);
    expect(problem).toMatch(message);
    expect(problem).not.toContain('secret');
  });

  it.each([
    ['http://localhost/x', /private network/],
    ['http://LOCALHOST:80', /private network/],
    ['http://a.localhost', /private network/],
    ['http://localhost./', /private network/],
    ['http://assistant:8080', /private network/],
    ['http://127.0.0.1', /loopback/],
    ['http://127.1', /loopback/],
    ['http://2130706433/', /loopback/],
    ['http://0x7f.1/', /loopback/],
    ['http://017700000001', /loopback/],
    ['http://%31%32%37.0.0.1', /loopback/],
    ['http://[::1]:9000/', /loopback/],
    ['http://[::ffff:7f00:1]/', /loopback/],
    ['http://10.1.2.3', /RFC 1918/],
    ['http://192.168.1.1', /RFC 1918/],
    ['http://169.254.169.254/latest/meta-data', /link-local/],
    ['http://[fe80::1]', /link-local/],
    ['http://[fd00::1]', /RFC 4193/],
    ['http://100.64.0.1', /RFC 6598/],
    ['http://[64:ff9b::7f00:1]', /loopback/],
  ] as const)('%s is for an installation that allows private hosts', (url, what) => {
    expect(callUrlProblem(url, 'http', outside)).toMatch(what);
    expect(callUrlProblem(url, 'http', inside)).toBeUndefined();
  });

  it.each(['http://0.0.0.0', 'http://224.0.0.1', 'http://255.255.255.255', 'http://[::]'])('%s is for none', (url) =>
    expect(callUrlProblem(url, 'http', inside)).toMatch(/must have a host/),
  );

  it("whatever is written, what passes has a public host and nobody's name in it", () => {
    const text = fc.oneof(
      fc.webUrl({ withQueryParameters: true }),
      fc.string({ unit: 'binary' }),
      fc
        .array(
          fc.constantFrom(
            'http',
            'https',
            ':',
            '/',
            '\\',
            '@',
            '#',
            '?',
            '127.0.0.1',
            'a.example.com',
            '.',
            '\t',
            '%00',
            '[::1]',
            '1',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (written) => {
        if (callUrlProblem(written, 'http', outside) !== undefined) return;
        const { protocol, username, password, hash, hostname } = new URL(written);
        expect(['http:', 'https:']).toContain(protocol);
        expect(username + password + hash).toBe('');
        expect(hostname).toMatch(/\..|^\[/);
        expect(hostname).not.toMatch(/^127\.|^\[::1\]|localhost$/);
      }),
      { numRuns: 2_000 },
    );
  });
});
