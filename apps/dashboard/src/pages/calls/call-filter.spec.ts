import { describe, expect, it } from '@jest/globals';
import { callFilter, refusedFilter } from './call-filter.js';

const ALL = { status: '', direction: '', phone: ' ', trunk: '', from: '', to: '' };

describe('the filter of calls', () => {
  it('has only what is chosen', () => {
    expect(callFilter(ALL)).toEqual({});
    expect(callFilter({ ...ALL, status: 'failed', direction: 'inbound', phone: '+1555', trunk: 't' }, 'n')).toEqual({
      status: 'failed',
      direction: 'inbound',
      customer_phone: '+1555',
      trunk_id: 't',
      number_id: 'n',
    });
  });

  it('of calls that were refused before routing has the trunk, the number and the days', () => {
    expect(refusedFilter({ trunk: '', number: '', from: '', to: '' })).toEqual({});
    expect(refusedFilter({ trunk: 't', number: '+15550100200', from: '', to: '' })).toEqual({
      trunk_id: 't',
      number: '+15550100200',
    });
  });
});
