import { describe, expect, it } from '@jest/globals';
import { problemOf } from '../../api/problem.js';
import { deletionProblem } from './deletion-problem.js';

const numbers = Array.from({ length: 7 }, (_, n) => ({ phone_number: `+1555010030${n}` }));
const problem = (over: object) => ({ title: 'Conflict', detail: 'delete with ?force=true', status: 409, ...over });

describe('why a trunk was not deleted', () => {
  it('names its numbers and what to do here', () => {
    const refused = problem({ code: 'trunk-has-numbers', numbers, number_count: 1_200 });
    expect(problemOf(deletionProblem(refused))).toMatchObject({
      status: 409,
      detail:
        'It still has 1,200 numbers: +15550100300, +15550100301, +15550100302, +15550100303, +15550100304 and 1195 ' +
        'more. Select them under Numbers and assign another trunk first.',
    });
  });

  it('is as the API says it where something else is the cause', () => {
    const other = problem({ code: 'not-found' });
    expect(deletionProblem(other)).toBe(other);
  });
});
