import type { PostFailure, PostOutcome } from './customer-post.http.js';
import type { Verdict } from './status-route.js';

/** A time-out may be this one status that somebody takes so long for; `aborted` is ourselves. */
const OF_FAILURE = {
  'invalid-url': 'gone',
  'private-address': 'gone',
  unreachable: 'unreachable',
  tls: 'unreachable',
  timeout: 'failed',
  aborted: 'failed',
} as const satisfies Record<PostFailure, Verdict['verdict']>;

/**
 *  Those that speak for the whole endpoint. A 502 or 504 does not: behind a proxy it is what becomes of a status that a
 *  handler dies of.
 */
const OF_STATUS: Partial<Record<number, 'gone' | 'unreachable'>> = {
  410: 'gone',
  429: 'unreachable',
  503: 'unreachable',
};

/** Only 2xx is an acceptance; a redirect is not followed. */
export function verdictOf(answer: PostOutcome): Verdict {
  if (answer.outcome === 'failed') return { verdict: OF_FAILURE[answer.why] };
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status <= 299) return { verdict: 'accepted' };
  return { verdict: OF_STATUS[status] ?? 'failed', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** For the log. */
export const detailOf = (answer: PostOutcome): string =>
  answer.outcome === 'failed' ? `${answer.why}: ${answer.detail}` : `HTTP ${answer.status}`;
