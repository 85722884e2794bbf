import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { signatureHeaders } from './stream-signature.js';

const url = new URL('wss://user:pass@example.com:8443/media?tenant=a%20b');
const target = 'wss://example.com:8443/media?tenant=a%20b';
const stream = () => ({ streamSid: 'MZ00000000000000000000000000000003', now: new Date() });

describe('the signature of a stream', () => {
  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw', 'any text that somebody chose, even with ü'])(
    'is what a Standard Webhooks library verifies, over the URL as a JSON text: %s',
    (secret) => {
      const headers = signatureHeaders(secret, url, stream());
      const verifier = secret.startsWith('whsec_')
        ? new Webhook(secret)
        : new Webhook(Buffer.from(secret), { format: 'raw' });
      expect(verifier.verify(JSON.stringify(target), headers)).toBe(target);
      expect(() => verifier.verify(JSON.stringify('wss://example.net/'), headers)).toThrow();
      expect(() => new Webhook('whsec_AAAA').verify(JSON.stringify(target), headers)).toThrow();
    },
  );

  it("is what Twilio's validators compare: HMAC-SHA1 of the URL", () => {
    expect(signatureHeaders('token', url, stream())['x-twilio-signature']).toBe(
      createHmac('sha1', 'token').update(target).digest('base64'),
    );
  });

  it.each(['', 'whsec_', 'whsec_not base64!'])('cannot be made with the secret %j', (secret) => {
    expect(() => signatureHeaders(secret, url, stream())).toThrow();
  });
});
