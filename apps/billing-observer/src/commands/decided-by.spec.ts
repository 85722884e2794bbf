import { describe, expect, it } from '@jest/globals';
import { decidedBy } from './decided-by.js';

describe('who decides', () => {
  it.each([
    ['A. Example', 'root', 'A. Example'],
    ['A. Example', undefined, 'A. Example'],
    [undefined, 'aexample', 'aexample'],
  ])('named %j, as the user %j, is %j', (named, user, by) => expect(decidedBy(named, user)).toBe(by));

  it.each([
    ['root', /user is "root".*add --by NAME/],
    ['nobody', /user is "nobody"/],
    ['', /user is not known/],
    [undefined, /user is not known.*Nothing was changed; add --by NAME/],
  ])('has to be named where the user is %j', (user, problem) => {
    expect(() => decidedBy(undefined, user)).toThrow(problem);
  });
});
