import { DomainError } from '@trunkmesh/contracts/problem.js';
import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';

/** What PostgreSQL said, as far as it matters to what we do next. */
export type DatabaseFailure =
  | { kind: 'unavailable' }
  /** Another transaction was faster; the same work may succeed when it is done again. */
  | { kind: 'lost-race' }
  | { kind: 'violation'; constraint: string }
  /**
   * A value that PostgreSQL cannot hold or compare: a NUL in a text, a cursor whose number is out of range. It came
   * from the request, and the answer says so.
   */
  | { kind: 'unusable-value' }
  /**
   * The statement was too long about it, behind somebody's lock or under load; the transaction is rolled back, the
   * connection is good.
   */
  | { kind: 'late' }
  | { kind: 'other' };

const VIOLATIONS = new Set(['23503', '23505', '23514', '23P01']);
/** By SQLSTATE (PostgreSQL, Appendix A). */
const KINDS: readonly [RegExp, 'unavailable' | 'unusable-value' | 'lost-race' | 'late'][] = [
  // Class 08 is the connection, 57P0x a server that is going down or coming up, 53300 one without free connections.
  [/^(08(?!P01)|57P0[123]|53300|53400)/, 'unavailable'],
  // Class 22, data exception.
  [/^22/, 'unusable-value'],
  [/^(40001|40P01|55P03)$/, 'lost-race'],
  // `statement_timeout`, and an administrator's `pg_cancel_backend`.
  [/^57014$/, 'late'],
];
/** Each has a digit; Node's own EPIPE has none. */
const SQLSTATE = /^(?=.*\d)[\dA-Z]{5}$/;

export function databaseFailure(error: unknown): DatabaseFailure {
  // TypeORM gives a connection that was lost back to the pool at once; a further query on it gets this error.
  if (error instanceof QueryRunnerAlreadyReleasedError) return { kind: 'unavailable' };
  const cause: { code?: unknown; constraint?: unknown } =
    error instanceof QueryFailedError ? error.driverError : (error as Error);
  const code = typeof cause.code === 'string' && SQLSTATE.test(cause.code) ? cause.code : undefined;
  // Whatever pg raises without an SQLSTATE never came from the server: no connection, a connection lost, a deadline
  // missed.
  if (code === undefined) return error instanceof QueryFailedError ? { kind: 'unavailable' } : { kind: 'other' };
  if (VIOLATIONS.has(code)) return { kind: 'violation', constraint: String(cause.constraint) };
  const kind = KINDS.find(([states]) => states.test(code))?.[1];
  if (kind !== undefined) return { kind };
  return { kind: 'other' };
}

const UNAVAILABLE =
  'The database is unavailable. A change may or may not have been applied. Retry; with an Idempotency-Key that ' +
  'is safe.';

export const databaseUnavailable = () => new DomainError('record-unavailable', UNAVAILABLE);

export const databaseLate = () =>
  new DomainError(
    'record-unavailable',
    'The database took too long: it is busy, or other requests change the same resource. Nothing was changed; ' +
      'retry in a few seconds.',
  );
