import { describe, expect, it } from '@jest/globals';
import { poolProblems, poolsOf } from './pool-policy.js';

describe('the pool of a trunk', () => {
  it.each<[string, string, string | null, readonly string[] | undefined, boolean]>([
    ['that is allowed', 'eu', null, ['default', 'eu'], true],
    ['that is not allowed', 'us', null, ['default', 'eu'], false],
    ['that the trunk has already', 'us', 'us', ['default'], true],
    ['of another trunk that has it', 'us', 'eu', ['default', 'eu'], false],
    ['that goes back to one that is allowed', 'default', 'us', ['default'], true],
    ['that is the default, where the operator allows others alone', 'default', null, ['eu'], false],
    ['that the operator asks for', 'us', null, undefined, true],
  ])('%s', (_what, wanted, before, allowed, taken) => {
    const problems = poolProblems(wanted, before === null ? null : { bridge_pool: before }, allowed);
    expect(problems.map(({ pointer }) => pointer)).toEqual(taken ? [] : ['/bridge_pool']);
    for (const { message } of problems)
      expect(message).toContain(
        `(${allowed!.map((pool) => `"${pool}"`).join(', ')}): use one of those, or ask the operator`,
      );
  });

  it('is the default one where the operator says nothing', () =>
    expect([poolsOf({}), poolsOf({ bridge_pools: ['eu'] })]).toEqual([['default'], ['eu']]));
});
