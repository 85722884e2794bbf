import { OUTBOUND_LIMITS, OUTBOUND_REFUSALS } from './outbound.js';

/** A refusal that is expected. Mapped once, at the HTTP door, to problem+json (RFC 9457). */
export class DomainError extends Error {
  /**
   * `extensions`: further members of the problem document (RFC 9457 §3.2), for example the numbers that keep a trunk
   * from being deleted.
   */
  constructor(
    readonly code: DomainErrorCode,
    message: string,
    readonly details: readonly FieldProblem[] = [],
    readonly extensions: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

/** A JSON pointer (RFC 6901) into the request, and a sentence that says what to do. */
export interface FieldProblem {
  pointer: string;
  message: string;
}

/**
 * Every code, with the HTTP status that it answers with. The five classes of reasons are in the status: 2xx, 4xx,
 * 502/504, 500, 503.
 */
export const DOMAIN_ERRORS = {
  /** Why an outbound call is refused before anything is dialled. */
  ...OUTBOUND_REFUSALS,
  ...OUTBOUND_LIMITS,
  'invalid-request': 400,
  'duplicate-trunk-name': 400,
  'not-authenticated': 401,
  'not-allowed': 403,
  'organization-suspended': 403,
  /** The organisation has as many as the operator allows. */
  'quota-exceeded': 403,
  'organization-not-found': 404,
  'trunk-not-found': 404,
  'number-not-found': 404,
  'bridge-not-found': 404,
  'call-not-found': 404,
  'evidence-not-found': 404,
  'carrier-not-found': 404,
  'verification-not-found': 404,
  'claim-not-found': 404,
  'rate-plan-not-found': 404,
  'statement-not-found': 404,
  'expected-call-not-found': 404,
  'refused-call-not-found': 404,
  'notification-channel-not-found': 404,
  'notification-rule-not-found': 404,
  'reconciliation-not-found': 404,
  'carrier-format-not-found': 404,
  'rate-deck-not-found': 404,
  /** The call has no recording, or its file is gone. */
  'recording-not-found': 404,
  'call-not-answered': 409,
  'call-ended': 409,
  'transfer-in-progress': 409,
  /** The carrier or the target said no; the call goes on. */
  'transfer-refused': 409,
  'destination-not-allowed': 403,
  /** No such path. */
  'not-found': 404,
  'method-not-allowed': 405,
  'api-key-not-found': 404,
  'duplicate-number': 409,
  'trunk-has-numbers': 409,
  'duplicate-organization': 409,
  'duplicate-name': 409,
  /** The recipient has unsubscribed: only it can subscribe again. */
  'recipient-unsubscribed': 409,
  /** A rule still uses the channel. */
  'channel-in-use': 409,
  'idempotency-key-reused': 409,
  'idempotency-key-in-progress': 409,
  conflict: 409,
  /** The entries are in files that the operator has exported, and no longer in the database. */
  'usage-archived': 410,
  'precondition-failed': 412,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  /** The header Range asks for bytes beyond the end. */
  'range-not-satisfiable': 416,
  'import-has-errors': 422,
  /** Over a limit of the installation; the header Retry-After says when it is worth trying again. */
  'too-many-requests': 429,
  'internal-error': 500,
  'record-unavailable': 503,
  'log-unavailable': 503,
  'routing-unavailable': 503,
  /** The bridge that has the call, or its FreeSWITCH, does not answer. */
  'bridge-unavailable': 503,
  'call-log-unavailable': 503,
  'usage-unavailable': 503,
  /** The store or the bridge that has the recording does not answer. */
  'recording-unavailable': 503,
  /** Nobody said what became of the transfer; the call goes on. */
  'transfer-unconfirmed': 504,
} as const;
export type DomainErrorCode = keyof typeof DOMAIN_ERRORS;
