import { DomainError } from '@trunkmesh/contracts/problem.js';
import { QueryFailedError } from 'typeorm';

/** What PostgreSQL said, as far as it matters to what we do next. */
export type RecordFailure =
  | { kind: 'unavailable' }
  /** Another transaction was faster; the same work may succeed when it is done again. */
  | { kind: 'lost-race' }
  | { kind: 'violation'; constraint: string }
  /** A value that PostgreSQL cannot hold or compare: a NUL in a text, a cursor whose number is out of range. It came from the request, and whoever sent it is told. */
  | { kind: 'unusable-value' }
  | { kind: 'other' };

const VIOLATIONS = new Set(['23503', '23505', '23514', '23P01']);
const LOST_RACE = new Set(['40001', '40P01', '55P03']);
/** Class 08 is the connection, 57P0x a server that is going down or coming up, 53300 one without free connections (PostgreSQL, Appendix A). */
const AWAY = /^(08(?!P01)|57P0[123]|53300|53400)/;
/** Class 22, data exception. */
const UNUSABLE_VALUE = /^22/;
const SQLSTATE = /^[\dA-Z]{5}$/;

export function recordFailure(error: unknown): RecordFailure {
  const cause: { code?: unknown; constraint?: unknown } = error instanceof QueryFailedError ? error.driverError : error as Error;
  const code = typeof cause.code === 'string' && SQLSTATE.test(cause.code) ? cause.code : undefined;
  // Whatever pg raises without an SQLSTATE never came from the server: no connection, a connection lost, a deadline missed.
  if (code === undefined) return error instanceof QueryFailedError ? { kind: 'unavailable' } : { kind: 'other' };
  if (AWAY.test(code)) return { kind: 'unavailable' };
  if (UNUSABLE_VALUE.test(code)) return { kind: 'unusable-value' };
  if (LOST_RACE.has(code)) return { kind: 'lost-race' };
  if (VIOLATIONS.has(code)) return { kind: 'violation', constraint: String(cause.constraint) };
  return { kind: 'other' };
}

export const recordUnavailable = () => new DomainError('record-unavailable', 'The record cannot be reached at this moment, so nothing was read or changed for certain. Try again in a few seconds; an Idempotency-Key makes that safe.');
