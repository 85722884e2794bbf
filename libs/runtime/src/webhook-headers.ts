import { Webhook } from 'standardwebhooks';

/**
 * The headers of Standard Webhooks: `id` stays the same for every attempt, `at` is the time of this attempt. Without a
 * secret there is no signature; the id still allows the receiver to skip duplicates. Throws if the secret is empty, or
 * begins with `whsec_` and is not base64.
 */
export function webhookHeaders(secret: string | undefined, id: string, at: Date, text: string): Record<string, string> {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)) };
  if (secret === undefined) return headers;
  const webhook = secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret), { format: 'raw' });
  return { ...headers, 'webhook-signature': webhook.sign(id, at, text) };
}
