import type { Schemas } from '../api/api.http.js';
import { facts, table } from '../output/table.js';
import type { View } from '../output/view.js';

/** The checks of a test, what each saw, and what to do about those that failed. */
export function testView(test: Schemas['TrunkTest']): View {
  const checks = table(
    test.checks,
    {
      check: ({ check }) => check,
      result: ({ result }) => result,
      cause: ({ cause }) => cause,
      seen: ({ seen }) => seen,
      'what to do': ({ todo }) => todo,
    },
    'Nothing was checked.',
  );
  const head = facts({ result: test.result, summary: test.summary, bridge: test.bridge_id });
  return { json: test, text: `${head}\n\n${checks}`, bad: test.result === 'fail' };
}
