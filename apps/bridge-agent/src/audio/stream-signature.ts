import { createHmac } from 'node:crypto';
import { webhookHeaders } from '@trunkmesh/runtime/webhook-headers.js';

/**
 * Proves to the assistant that the stream comes from this platform, in the two ways that backends verify already:
 * - Standard Webhooks over the URL as a JSON text (`"wss://…"`), because a handshake has no body: bound to the target,
 *   the time and this one stream (`webhook-id`);
 * - `X-Twilio-Signature`, HMAC-SHA1 of the URL with the secret's text as the token, which the Twilio libraries'
 *   validators take. Throws if the secret is empty, or begins with `whsec_` and is not base64.
 */
export function signatureHeaders(
  secret: string,
  url: URL,
  stream: { streamSid: string; now: Date },
): Record<string, string> {
  const target = signedUrl(url);
  return {
    ...webhookHeaders(secret, stream.streamSid, stream.now, JSON.stringify(target)),
    'x-twilio-signature': createHmac('sha1', secret).update(target).digest('base64'),
  };
}

/** As the server can rebuild it from its Host header and the request target: without user name and password. */
export function signedUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search}`;
}
