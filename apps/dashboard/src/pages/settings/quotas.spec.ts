import { describe, expect, it } from '@jest/globals';
import { patchOf, textsOf } from '../../form/fields.js';
import { QUOTA_FIELDS, quotasWith, quotaText } from './quotas.js';

describe('the ceilings of an organisation', () => {
  it('are those that were changed, on top of those that are there', () => {
    expect(quotasWith({ trunks: 5, numbers: 9 }, { trunks: 7, api_keys: 0 })).toEqual({
      trunks: 7,
      numbers: 9,
      api_keys: 0,
    });
    expect(quotasWith({ trunks: 5, numbers: 9 }, { trunks: null })).toEqual({ numbers: 9 });
  });

  it('are the installation’s where none is left', () => {
    expect(quotasWith({ trunks: 5 }, { trunks: null })).toBeNull();
    expect(quotasWith(null, {})).toBeNull();
  });

  it('have an empty field each where none is set, and send what was changed', () => {
    const before = textsOf(QUOTA_FIELDS, { quotas: null });
    expect(new Set(Object.values(before))).toEqual(new Set(['']));
    const after = { ...before, 'quotas.trunks': '1,000' };
    expect(patchOf(QUOTA_FIELDS, before, after)).toEqual({ quotas: { trunks: '1,000' } });
  });

  it('are shown in words', () =>
    expect([quotaText(undefined), quotaText(0), quotaText(7)]).toEqual(['as the installation', 'any number', '7']));
});
