import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Caller } from '../http/caller.js';

/** What an organisation says of its own numbers is no verification: the operator alone gives the mark. */
export const mayVerify = (role: Caller['role']): boolean => role === 'bootstrap';

export const OPERATOR_VERIFIES =
  "can be set to true with the operator's key alone: an organisation does not verify its own numbers";

/**
 * The mark may be taken away, or sent back as it was read, by whoever may change the number.
 *
 * @throws DomainError not-allowed
 */
export function requireVerifier(role: Caller['role'], wanted: boolean | undefined, isVerified: boolean): void {
  if (wanted !== true || isVerified || mayVerify(role)) return;
  const problem = { pointer: '/is_verified_caller_id', message: OPERATOR_VERIFIES };
  throw new DomainError('not-allowed', `"is_verified_caller_id" ${OPERATOR_VERIFIES}. Nothing was changed.`, [problem]);
}
