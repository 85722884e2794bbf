import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Webhook } from 'standardwebhooks';

/** A request that the platform received: a prewarm or a call status. */
export interface ReceivedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  /** Its JSON; undefined: it is none. */
  body: Record<string, unknown> | undefined;
  /** `performance.now()` when it was there whole. */
  at: number;
  /** By the Standard Webhooks specification and its library, with the secret as an operator writes it. */
  isSignedWith(secret: string): boolean;
}

export async function readRequest(request: IncomingMessage): Promise<ReceivedRequest> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString('utf8');
  const { headers } = request;
  return {
    path: request.url ?? '',
    headers,
    text,
    body: parsed(text),
    at: performance.now(),
    isSignedWith: (secret) => verifies(secret, text, headers),
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function verifies(secret: string, text: string, headers: IncomingHttpHeaders): boolean {
  try {
    const webhook = secret.startsWith('whsec_')
      ? new Webhook(secret)
      : new Webhook(Buffer.from(secret), { format: 'raw' });
    webhook.verify(text, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
