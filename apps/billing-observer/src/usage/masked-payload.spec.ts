import { describe, expect, it } from '@jest/globals';
import { callEnded } from '@trunkmesh/testkit/call-events.js';
import { maskedPayload } from './masked-payload.js';

const shown = (value: unknown) =>
  maskedPayload(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)));

describe('a message that a person looks at', () => {
  it('is shown whole where it has no secret', () => {
    const event = callEnded(1);
    expect(JSON.parse(shown(event))).toEqual(event);
  });

  it.each<[string, unknown]>([
    ['a field', { data: { call_meta: { api_token: 'S3CRET' } } }],
    ['an object under such a name', { credentials: { user: 'S3CRET' } }],
    ['a header', { data: { headers: [['Authorization', 'Digest username="S3CRET"']] } }],
    ['the password of a URL', { url: 'wss://user:S3CRET@example.com/' }],
    ['the query of a URL', { url: 'wss://example.com/?a=1&access_token=S3CRET&b=2' }],
    [
      'text that is no JSON',
      'INVITE sip:x@example.com\r\nProxy-Authorization: Digest realm="a", response="S3CRET"\r\n',
    ],
    ['broken JSON', '{"password": "S3CRET", "from": "+15551234567"'],
  ])('hides %s', (_what, value) => {
    expect(shown(value)).not.toContain('S3CRET');
    expect(shown(value)).toContain('[redacted]');
  });

  it('cannot give a terminal orders', () => {
    expect(shown('\u001b[2J\u202etxt')).toBe('\\u001b[2J\\u202etxt');
    expect(shown({ from: '\u009b2J' })).not.toContain('\u009b');
  });
});
