import { describe, expect, it } from '@jest/globals';
import type { PostOutcome } from '@trunkmesh/runtime/post-outcome.js';
import { verdictOf } from './status-verdict.js';

const answered = (status: number, retryAfterMs?: number): PostOutcome => ({
  outcome: 'answered',
  status,
  body: '',
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const failed = (why: Extract<PostOutcome, { outcome: 'failed' }>['why']): PostOutcome => ({
  outcome: 'failed',
  why,
  detail: '',
});

describe('what an answer means', () => {
  it.each<[string, PostOutcome, object]>([
    ['200 accepts', answered(200), { verdict: 'accepted' }],
    ['204 accepts', answered(204), { verdict: 'accepted' }],
    ['a redirect does not', answered(302), { verdict: 'failed' }],
    ['400 may be about this status', answered(400), { verdict: 'failed' }],
    ['404 as well', answered(404), { verdict: 'failed' }],
    ['500 is not a rate limit', answered(500), { verdict: 'failed' }],
    ['429 is about all of them', answered(429, 5_000), { verdict: 'unreachable', retryAfterMs: 5_000 }],
    ['503 too, until it says', answered(503, 60_000), { verdict: 'unreachable', retryAfterMs: 60_000 }],
    ['502 may be what a handler dies of', answered(502), { verdict: 'failed' }],
    ['504 may be what it takes too long for', answered(504), { verdict: 'failed' }],
    ['410 is about the URL', answered(410), { verdict: 'gone' }],
    ['silence may be about this status', failed('timeout'), { verdict: 'failed' }],
    ['no connection', failed('unreachable'), { verdict: 'unreachable' }],
    ['a certificate of somebody else', failed('tls'), { verdict: 'unreachable' }],
    ['a URL that is none', failed('invalid-url'), { verdict: 'gone' }],
    ['a private network', failed('private-address'), { verdict: 'gone' }],
    ['our own end', failed('aborted'), { verdict: 'failed' }],
  ])('%s', (_case, outcome, verdict) => {
    expect(verdictOf(outcome)).toEqual(verdict);
  });
});
