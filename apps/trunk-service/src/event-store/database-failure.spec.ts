import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { databaseFailure } from './database-failure.pg.js';

const failed = (code?: string, more: object = {}) =>
  new QueryFailedError('select', undefined, Object.assign(new Error('x'), code === undefined ? {} : { code }, more));

describe('what a failed query means', () => {
  it.each([
    ['a lost connection has no code', undefined, 'unavailable'],
    ["ECONNRESET is none of PostgreSQL's", 'ECONNRESET', 'unavailable'],
    ['EPIPE has the five letters of an SQLSTATE, and is none', 'EPIPE', 'unavailable'],
    ['the connection failed', '08006', 'unavailable'],
    ['a protocol violation is our own fault', '08P01', 'other'],
    ['the server is shut down', '57P01', 'unavailable'],
    ['no free connections', '53300', 'unavailable'],
    ['a NUL in a text', '22021', 'unusable-value'],
    ['a deadlock', '40P01', 'lost-race'],
    ['a statement that took too long', '57014', 'late'],
    ['a full disk is nothing of this', '53100', 'other'],
    ['an internal error has letters and digits', 'XX000', 'other'],
  ] as const)('%s', (_, code, kind) => expect(databaseFailure(failed(code))).toEqual({ kind }));

  it('a violation is told with its constraint', () =>
    expect(databaseFailure(failed('23505', { constraint: 'trunks_name' }))).toEqual({
      kind: 'violation',
      constraint: 'trunks_name',
    }));
  it('a connection that was lost under a transaction', () =>
    expect(databaseFailure(new QueryRunnerAlreadyReleasedError())).toEqual({ kind: 'unavailable' }));
  it('a refusal of ours is no failure of the record', () =>
    expect(databaseFailure(new DomainError('trunk-not-found', 'x'))).toEqual({ kind: 'other' }));
});
