/** What the end of a connection that the assistant had accepted means for the call. */
export type CloseMeaning = 'hang-up' | 'drop';

/**
 * RFC 6455 §7.4.1 and IANA's registry. Closing the stream is how an assistant hangs up, and most servers close with
 * 1000 or with no code at all (1005). Others mean that the server is in trouble or restarts, and the call can go on
 * with a new connection. A code of the application's own (3000 and above) was chosen by somebody, as was 1008: asking
 * again would get the same answer.
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
 *  Whether asking again after this HTTP status of the handshake makes sense. A redirect is not followed: it would carry
 *  the signature elsewhere.
 */
export function worthRetrying(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/** A connection that is accepted and dropped again and again is no connection: at most this many within a minute. */
const RECONNECTS_A_MINUTE = 5;

/** `earlier`: the times of the reconnects so far. */
export function mayReconnect(earlier: readonly number[], now: number): boolean {
  const nth = earlier.at(-RECONNECTS_A_MINUTE);
  return nth === undefined || now - nth > 60_000;
}
