import { describe, expect, it } from '@jest/globals';
import { pathsOf } from '../live/affected.js';
import { organizationOfPath } from './organization.js';
import { mayRetry, problemOf } from './problem.js';

describe('the organisation of a path', () => {
  const id = '0190a000-0000-7000-8000-00000000dead';
  it.each([
    [`/app/o/${id}/trunks`, id],
    [`/app/o/${id}`, id],
    ['/app/o/short/trunks', undefined],
    ['/app/bridges', undefined],
  ])('%s', (path, expected) => expect(organizationOfPath(path)).toBe(expected));
});

describe('a refusal', () => {
  it('is shown as the API words it', () => {
    const body = { title: 'Not allowed', detail: 'Only an admin may do this.', status: 403, code: 'not-allowed' };
    expect(problemOf(body)).toMatchObject(body);
    expect(mayRetry(body)).toBe(false);
  });

  it('without an answer says what to do, and is tried again', () => {
    const { detail } = problemOf(new TypeError('Failed to fetch'));
    for (const said of ['network connection', 'A change may have been made']) expect(detail).toContain(said);
    expect(mayRetry(new TypeError('Failed to fetch'))).toBe(true);
    expect(mayRetry({ detail: 'PostgreSQL cannot be reached.', status: 503 })).toBe(true);
  });
});

describe('a change', () => {
  it('lets what shows it be read again, and everything where the kind is new', () => {
    expect(pathsOf('gateway')).toContain('/api/v1/trunk-states');
    expect(pathsOf('refused-call')).toEqual(['/api/v1/refused-calls']);
    expect(pathsOf('something-new')).toEqual(['/api/']);
  });
});
