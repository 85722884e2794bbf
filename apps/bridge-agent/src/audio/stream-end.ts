/** What the end of a connection that the assistant had accepted means for the call. */
export type CloseMeaning = 'hang-up' | 'drop';

/**
 * RFC 6455 §7.4.1 and IANA's registry. An assistant hangs up by closing the stream, and most servers close with 1000 or
 * without a code (1005). Other codes mean that the server fails or restarts; the call can continue on a new connection.
 * An application code (3000 and above) or 1008 is deliberate: another attempt would get the same result.
 */
export function closeMeaning(code: number): CloseMeaning {
  switch (code) {
    case 1000:
    case 1005:
    case 1008:
      return 'hang-up';
    default:
      return code >= 3000 ? 'hang-up' : 'drop';
  }
}

/**
 * Whether to retry after this HTTP status of the handshake. Redirects are not followed: they would carry the signature
 * elsewhere.
 */
export function worthRetrying(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/** At most this many reconnects a minute: a connection that keeps dropping is useless. */
const RECONNECTS_A_MINUTE = 5;

/** `earlier`: the times of the reconnects so far. */
export function mayReconnect(earlier: readonly number[], now: number): boolean {
  const nth = earlier.at(-RECONNECTS_A_MINUTE);
  return nth === undefined || now - nth > 60_000;
}
