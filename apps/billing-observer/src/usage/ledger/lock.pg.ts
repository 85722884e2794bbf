import type { EntityManager } from 'typeorm';

/**
 * Shared by whoever writes entries, exclusive to whoever changes what entries are made with: afterwards no entry is
 * under way that was made with the old. The locks are a transaction's.
 */
export const LEDGER_LOCK = 7_102_005;

export const lockShared = (tx: EntityManager): Promise<unknown> =>
  tx.query('SELECT pg_advisory_xact_lock_shared($1)', [LEDGER_LOCK]);
export const lockExclusive = (tx: EntityManager): Promise<unknown> =>
  tx.query('SELECT pg_advisory_xact_lock($1)', [LEDGER_LOCK]);
