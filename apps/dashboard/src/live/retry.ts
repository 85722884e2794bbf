const FIRST_MS = 2_000;
const MOST_MS = 60_000;

/** What came of an attempt to read the stream of changes. */
export type StreamEnd =
  /** It was open, and broke off. */
  | { kind: 'lost' }
  /** The session or its key is no longer valid. */
  | { kind: 'signed-out' }
  /** It was not opened: the service refused, failed, or did not answer. */
  | { kind: 'not-opened'; retryAfterMs?: number | undefined };

/** How long to wait after so many attempts in a row that were not opened. The service's own `Retry-After` is kept. */
export function retryMs(failures: number, retryAfterMs = 0): number {
  return Math.max(Math.min(FIRST_MS * 2 ** Math.max(0, failures - 1), MOST_MS), retryAfterMs);
}

/** `Retry-After` in seconds; a date, which the service does not send, is not read. */
export function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}
