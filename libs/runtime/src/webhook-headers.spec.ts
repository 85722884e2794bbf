import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { webhookHeaders } from './webhook-headers.js';

const TEXT = '{"status":"ü"}';

describe('the headers of a webhook', () => {
  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw', 'any text that somebody chose, even with ü'])(
    'are what a Standard Webhooks library verifies: %s',
    (secret) => {
      const headers = webhookHeaders(secret, 'CA1.1', new Date(), TEXT);
      const verifier = secret.startsWith('whsec_')
        ? new Webhook(secret)
        : new Webhook(Buffer.from(secret), { format: 'raw' });
      expect(() => verifier.verify(TEXT, headers)).not.toThrow();
      expect(() => verifier.verify(`${TEXT} `, headers)).toThrow();
      expect(() => verifier.verify(TEXT, { ...headers, 'webhook-id': 'CA1.2' })).toThrow();
    },
  );

  it('without a secret name the message, and are no signature', () => {
    expect(webhookHeaders(undefined, 'CA1.1', new Date(1_500), TEXT)).toEqual({
      'webhook-id': 'CA1.1',
      'webhook-timestamp': '1',
    });
  });

  it.each(['', 'whsec_', 'whsec_not base64!'])('cannot be made with the secret %j', (secret) => {
    expect(() => webhookHeaders(secret, 'CA1.1', new Date(), TEXT)).toThrow();
  });
});
