import type { PrewarmResult } from '@trunkmesh/contracts/call-parts.js';
import type { PrewarmBody } from '@trunkmesh/contracts/prewarm.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { counter } from '@trunkmesh/runtime/metric.otel.js';
import { connectionsOf, hostOf, postJson } from '@trunkmesh/runtime/customer-post.http.js';
import type { PostOutcome } from '@trunkmesh/runtime/post-outcome.js';
import { webhookHeaders } from '@trunkmesh/runtime/webhook-headers.js';

const prewarms = counter(
  'trunkmesh_prewarms_total',
  'Prewarm requests for ringing calls, by outcome (prewarmed, declined, failed, given-up)',
);

export interface PrewarmOptions {
  url: string;
  /** Signs the request after the Standard Webhooks specification. */
  secret: string | undefined;
  /** The URL may resolve to a private address. */
  allowPrivate: boolean;
  /** The call ended. */
  signal: AbortSignal;
  logger: Logger;
  deadlineMs?: number;
}

const DEADLINE_MS = 2_000;
/**
 * How many calls may begin to ring at one assistant while it answers: a caller waits neither for statuses nor for other
 * callers.
 */
const connections = connectionsOf(64);

/** Sent once: a retry would arrive after the answer. Never rejects, because a call works without a prewarm. */
export async function prewarm(options: PrewarmOptions, body: PrewarmBody): Promise<PrewarmResult> {
  const started = performance.now();
  const verdict = await post(options, body);
  const result: PrewarmResult = { ...verdict, ms: Math.round(performance.now() - started) };
  prewarms.add(1, { outcome: result.outcome });
  const fields = { host: hostOf(options.url), outcome: result.outcome, ms: result.ms, reason: result.detail };
  if (result.outcome === 'failed') options.logger.warn(fields, 'prewarm failed; the call continues without it');
  else options.logger.info(fields, 'prewarm');
  return result;
}

type Verdict = Omit<PrewarmResult, 'ms'>;

async function post(
  { url, secret, allowPrivate, signal, deadlineMs = DEADLINE_MS }: PrewarmOptions,
  body: PrewarmBody,
): Promise<Verdict> {
  const text = JSON.stringify(body);
  const headers = signed(secret, body.call_sid, text);
  if (headers === undefined) return { outcome: 'failed', detail: 'the signing secret cannot be decrypted' };
  return verdictOf(await postJson({ url, headers, text, deadlineMs, allowPrivate, signal, connections }));
}

function signed(secret: string | undefined, id: string, text: string): Record<string, string> | undefined {
  try {
    return webhookHeaders(secret, id, new Date(), text);
  } catch {
    return undefined;
  }
}

function verdictOf(answer: PostOutcome): Verdict {
  if (answer.outcome === 'failed')
    return answer.why === 'aborted'
      ? { outcome: 'given-up', detail: null }
      : { outcome: 'failed', detail: `${answer.why}: ${answer.detail}`.slice(0, 200) };
  if (answer.status < 200 || answer.status > 299) return { outcome: 'failed', detail: `HTTP ${answer.status}` };
  return { outcome: /"prewarmed"\s*:\s*false/.test(answer.body) ? 'declined' : 'prewarmed', detail: null };
}
