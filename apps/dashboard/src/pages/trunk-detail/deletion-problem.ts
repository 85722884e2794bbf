import { problemOf } from '../../api/problem.js';
import { plural } from '../../format.js';

const SHOWN = 5;

interface Numbers {
  numbers?: readonly { phone_number: string }[];
  number_count?: number;
}

/** Why a trunk was not deleted. What the API says of numbers names a way that only programs have. */
export function deletionProblem(problem: unknown): unknown {
  if (problemOf(problem).code !== 'trunk-has-numbers') return problem;
  const { numbers = [], number_count = numbers.length } = problem as Numbers;
  const named = numbers.slice(0, SHOWN).map(({ phone_number }) => phone_number);
  const others = number_count - named.length;
  const list = `${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
  const has = `It still has ${plural(number_count, 'number')}: ${list}.`;
  return { ...(problem as object), detail: `${has} Select them under Numbers and assign another trunk first.` };
}
