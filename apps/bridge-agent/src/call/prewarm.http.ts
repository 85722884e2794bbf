import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import { Webhook } from 'standardwebhooks';
import { prewarms } from './call.metrics.js';

/** `POST /sip-prewarm` of the platform's interface: what it is told of a call while that rings. */
export interface PrewarmBody {
  call_sid: string;
  from_number: string;
  to_number: string;
  outbound: boolean;
  assistant_id?: number;
  flow_id?: number;
}

export interface PrewarmOptions {
  url: string;
  /** Signs the request after the Standard Webhooks specification. */
  secret: string | undefined;
  /** The call ended. */
  signal: AbortSignal;
  logger: Logger;
  deadlineMs?: number;
}

type Outcome = 'prewarmed' | 'declined' | 'given-up';

const DEADLINE_MS = 2_000;
/** The answer is two fields. */
const ANSWER_BYTES = 16_384;

/** Once, without a retry: by then the call is answered. Never rejects, because a call is possible without. */
export async function prewarm(options: PrewarmOptions, body: PrewarmBody): Promise<void> {
  const started = performance.now();
  const told = { host: new URL(options.url).host };
  try {
    const outcome = await post(options, body);
    prewarms.add(1, { outcome });
    options.logger.info({ ...told, outcome, ms: Math.round(performance.now() - started) }, 'prewarm');
  } catch (error) {
    if (options.signal.aborted) return prewarms.add(1, { outcome: 'given-up' });
    prewarms.add(1, { outcome: 'failed' });
    options.logger.warn({ ...told, why: reasonOf(error), ms: Math.round(performance.now() - started) }, 'prewarm failed; the call goes on without');
  }
}

async function post({ url, secret, signal, deadlineMs = DEADLINE_MS }: PrewarmOptions, body: PrewarmBody): Promise<Outcome> {
  const text = JSON.stringify(body);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...signature(secret, body.call_sid, text) },
    body: text,
    // Where a redirect leads is not what the operator wrote, and the signature would go along.
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
  });
  const answer = await readAnswer(response);
  if (!response.ok) throw new PrewarmRefused(`HTTP ${response.status}`);
  return /"prewarmed"\s*:\s*false/.test(answer) ? 'declined' : 'prewarmed';
}

class PrewarmRefused extends Error {}

/** As much as an answer may have; leaving the loop cancels the rest. */
async function readAnswer(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    bytes += (part as Uint8Array).length;
    if (bytes > ANSWER_BYTES) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

function signature(secret: string | undefined, id: string, text: string): Record<string, string> {
  if (secret === undefined) return {};
  const webhook = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(Buffer.from(secret), { format: 'raw' });
  const now = new Date();
  return { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(now.getTime() / 1000)), 'webhook-signature': webhook.sign(id, now, text) };
}

/** Without the URL, which may hold a secret. */
function reasonOf(error: unknown): string {
  if (error instanceof PrewarmRefused) return error.message;
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'no answer in time';
  return (error.cause as { code?: string } | undefined)?.code ?? error.name;
}
