/**
 * `answered`: with any status, redirects included. `why` is a constant; `detail` is a network or TLS error code,
 * without the URL.
 */
export type PostOutcome =
  | { outcome: 'answered'; status: number; body: string; retryAfterMs?: number }
  | { outcome: 'failed'; why: PostFailure; detail: string };
export type PostFailure = 'invalid-url' | 'private-address' | 'unreachable' | 'tls' | 'timeout' | 'aborted';
