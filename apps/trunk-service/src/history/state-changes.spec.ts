import { describe, expect, it } from '@jest/globals';
import { stateChanges } from './state-changes.js';

const SEALED = 'v1.k1.0123456789abcdef.0123456789abcdef0123456789';

describe('the changes between two states', () => {
  it.each([
    ['a field', { priority: 1 }, { priority: 2 }, [{ field: 'priority', before: 1, after: 2 }]],
    ['a field that is set', { provider: null }, { provider: 'x' }, [{ field: 'provider', before: null, after: 'x' }]],
    ['a list', { codecs: ['PCMU'] }, { codecs: ['PCMA'] }, [{ field: 'codecs', before: ['PCMU'], after: ['PCMA'] }]],
    ['a creation', null, { name: 'A', provider: null }, [{ field: 'name', before: null, after: 'A' }]],
    ['a deletion', { name: 'A' }, null, [{ field: 'name', before: 'A', after: null }]],
    [
      'a member of an object',
      { call_settings: { record: true, media_url: 'wss://a.example.com' } },
      { call_settings: { media_url: 'wss://b.example.com', record: true } },
      [{ field: 'call_settings.media_url', before: 'wss://a.example.com', after: 'wss://b.example.com' }],
    ],
    ['bookkeeping', { updated_at: '1', gateway_revision: 1 }, { updated_at: '2', gateway_revision: 2 }, []],
  ])('%s', (_what, before, after, changes) => {
    expect(stateChanges(before, after)).toEqual(changes);
  });

  it('say of a secret that it is there, and that it was replaced, never more', () => {
    expect(stateChanges({ password: null }, { password: SEALED })).toEqual([
      { field: 'has_password', before: false, after: true },
    ]);
    expect(stateChanges({ password: SEALED }, { password: `${SEALED}0` })).toEqual([
      { field: 'has_password', before: true, after: true },
    ]);
    expect(stateChanges({}, { call_settings: { signing_secret: SEALED } })).toEqual([
      { field: 'call_settings.has_signing_secret', before: false, after: true },
    ]);
  });

  it('show no ciphertext, wherever a later field may hold one', () => {
    const shown = JSON.stringify(
      stateChanges({ token: SEALED }, { token: `${SEALED}1`, deep: [{ password: SEALED }] }),
    );
    expect(shown).not.toContain('v1.');
    expect(shown).toContain('has_password');
  });
});
