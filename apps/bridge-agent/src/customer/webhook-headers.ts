import { Webhook } from 'standardwebhooks';

/**
 * The headers of Standard Webhooks: `id` is the same each time that the same thing is sent, `at` the time of this
 * attempt. Without a secret there is no signature, and the id still lets the receiver leave out what it has already.
 * Throws where the secret is empty or says `whsec_` and is not base64.
 */
export function webhookHeaders(secret: string | undefined, id: string, at: Date, text: string): Record<string, string> {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)) };
  if (secret === undefined) return headers;
  const webhook = secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret), { format: 'raw' });
  return { ...headers, 'webhook-signature': webhook.sign(id, at, text) };
}
