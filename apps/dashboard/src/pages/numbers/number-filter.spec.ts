import { describe, expect, it } from '@jest/globals';
import { filterOf, targetText } from './number-filter.js';

describe('the list of numbers', () => {
  it.each([
    [{ q: '', show: '', trunk: '' }, {}],
    [
      { q: '555', show: 'inactive', trunk: 't' },
      { q: '555', is_active: 'false', sip_trunk_id: 't' },
    ],
    [{ q: '', show: 'without-trunk', trunk: '' }, { sip_trunk_id: 'none' }],
    [{ q: '', show: 'without-assistant', trunk: '' }, { has_target: 'false' }],
  ])('%j asks for %j', (view, filter) => expect(filterOf(view)).toEqual(filter));

  it('says who answers', () => {
    const target = { id: 7, name: null, is_active: true };
    expect(targetText({ assistant: target, flow: null })).toBe('assistant 7');
    expect(targetText({ assistant: null, flow: { ...target, name: 'Reception' } })).toBe('Reception');
    expect(targetText({ assistant: null, flow: null })).toBe('nobody');
  });
});
