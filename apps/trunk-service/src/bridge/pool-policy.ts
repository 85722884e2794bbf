import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { FieldProblem } from '@trunkmesh/contracts/problem.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';

/** Where the operator says nothing. */
const DEFAULT_POOLS: readonly string[] = ['default'];

/** The pools that new trunks of the organisation, and trunks that change their pool, may use. */
export const poolsOf = (organization: { bridge_pools?: OrganizationState['bridge_pools'] | null }): readonly string[] =>
  organization.bridge_pools ?? DEFAULT_POOLS;

/**
 * `allowed` undefined: the request is the operator's, who may use any. The pool that the trunk has already may stay.
 */
export function poolProblems(
  wanted: string,
  existing: Pick<TrunkState, 'bridge_pool'> | null,
  allowed: readonly string[] | undefined,
): FieldProblem[] {
  if (allowed === undefined || allowed.includes(wanted) || existing?.bridge_pool === wanted) return [];
  const names = allowed.map((pool) => `"${pool}"`).join(', ');
  return [
    {
      pointer: '/bridge_pool',
      message:
        `is not among the pools that this organisation may use (${names}): use one of those, or ask the ` +
        'operator to allow this one',
    },
  ];
}
