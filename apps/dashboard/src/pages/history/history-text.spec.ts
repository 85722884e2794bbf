import { describe, expect, it } from '@jest/globals';
import { actorText, changesText, entityText, eventText, historyFilter, historyOf } from './history-text.js';

const ACTOR = { kind: 'api-key' as const, key_id: null, key_name: null, address: null };

describe('the history', () => {
  it.each([
    [{ ...ACTOR, key_name: 'CI', address: '203.0.113.9' }, 'the key CI from 203.0.113.9'],
    [ACTOR, 'a key that was deleted'],
    [{ ...ACTOR, kind: 'operator' as const, address: '2001:db8::1' }, 'the operator from 2001:db8::1'],
    [{ ...ACTOR, kind: 'system' as const }, 'the service itself'],
    [{ ...ACTOR, kind: 'unknown' as const }, 'somebody unknown'],
  ])('says who did it: %j', (actor, text) => expect(actorText(actor)).toBe(text));

  it('says what was changed, before and after', () => {
    expect(eventText('TrunkCredentialsChanged')).toBe('Trunk credentials changed');
    expect(eventText('ApiKeyCreated')).toBe('API key created');
    expect(entityText({ kind: 'api-key', id: 'k1', name: 'CI' })).toBe('API key CI');
    expect(entityText({ kind: 'trunk', id: 't1', name: 'Office PBX' })).toBe('trunk Office PBX');
    expect(entityText({ kind: 'number', id: '+15550100200', name: 'Desk' })).toBe('number Desk (+15550100200)');
    expect(entityText({ kind: 'rate-plan', id: '2026-12-01T00:00:00.000Z', name: null })).toBe(
      'rate plan 2026-12-01T00:00:00.000Z',
    );
    expect(changesText([{ field: 'priority', before: 10, after: 20 }])).toBe('priority: 10 → 20');
    expect(changesText([{ field: 'provider', before: null, after: 'x' }])).toBe('provider: none → "x"');
  });

  it('is filtered by what is chosen; an id counts only with its kind', () => {
    const all = { kind: '', id: '', by: '', from: '', to: '' };
    expect(historyFilter({ ...all, id: 't1' })).toEqual({});
    expect(historyFilter({ ...all, kind: 'nothing' })).toEqual({});
    expect(historyFilter({ ...all, kind: 'trunk', id: ' t1 ' })).toEqual({ entity: 'trunk', entity_id: 't1' });
    expect(historyFilter({ ...all, by: 'operator' })).toEqual({ actor: 'operator' });
    expect(historyFilter({ ...all, from: '2026-11-28' })).toHaveProperty('date_from');
    expect(historyOf('number', '+15550100200')).toBe('/settings/history?kind=number&id=%2B15550100200');
  });
});
