import type { PostFailure, PostOutcome } from '@trunkmesh/runtime/post-outcome.js';
import type { Verdict } from './status-route.js';

/** A time-out may be caused by this one status; `aborted` is our own stop. */
const OF_FAILURE = {
  'invalid-url': 'gone',
  'private-address': 'gone',
  unreachable: 'unreachable',
  tls: 'unreachable',
  timeout: 'failed',
  aborted: 'failed',
} as const satisfies Record<PostFailure, Verdict['verdict']>;

/**
 * Statuses that mean the whole endpoint is down. A 502 or 504 does not: behind a proxy it may mean that the handler
 * crashed on this one status.
 */
const OF_STATUS: Partial<Record<number, 'gone' | 'unreachable'>> = {
  410: 'gone',
  429: 'unreachable',
  503: 'unreachable',
};

/** Only 2xx is an acceptance; redirects are not followed. */
export function verdictOf(answer: PostOutcome): Verdict {
  if (answer.outcome === 'failed') return { verdict: OF_FAILURE[answer.why] };
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status <= 299) return { verdict: 'accepted' };
  return { verdict: OF_STATUS[status] ?? 'failed', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** For the log. */
export const detailOf = (answer: PostOutcome): string =>
  answer.outcome === 'failed' ? `${answer.why}: ${answer.detail}` : `HTTP ${answer.status}`;
