import { describe, expect, it } from '@jest/globals';
import {
  callSubject,
  gatewaySubject,
  numberSubject,
  organizationSubject,
  refusedStoredSubject,
  refusedSubject,
  trunkSubject,
} from '@trunkmesh/contracts/subjects.js';
import { ChangeLog } from './change-log.js';
import { changeOf } from './change.js';

describe('what a subject says has changed', () => {
  it.each([
    [organizationSubject('o'), { kind: 'organization', entity: 'o' }],
    [trunkSubject('o', 't'), { kind: 'trunk', entity: 't' }],
    [numberSubject('o', '+15550100'), { kind: 'number', entity: '+15550100' }],
    [callSubject('o', 'c'), { kind: 'call', entity: 'c' }],
    [gatewaySubject('o', 't', 'b'), { kind: 'gateway', entity: 't' }],
    ['$KV.gateways.o.t.b', { kind: 'gateway', entity: 't' }],
    ['$KV.bridges.bridge-1', { kind: 'bridge', entity: 'bridge-1' }],
    ['trunkmesh.bridge.bridge-1', { kind: 'bridge', entity: 'bridge-1' }],
    [refusedStoredSubject('o'), { kind: 'refused-call', entity: 'o' }],
    [refusedSubject('b'), undefined],
    ['trunkmesh.rpc.calls.list', undefined],
  ])('%s', (subject, expected) => expect(changeOf(subject)).toEqual(expected));
});

describe('the log of changes', () => {
  const trunk = (entity: string) => ({ kind: 'trunk' as const, entity });

  it('gives what came after an id, each thing once', () => {
    const log = new ChangeLog('ab');
    const { last_event_id } = log.after(undefined);
    log.add(trunk('a'));
    log.add(trunk('b'));
    log.add(trunk('a'));
    expect(log.after(last_event_id)).toEqual({
      changes: [
        { id: 'ab-2', ...trunk('b') },
        { id: 'ab-3', ...trunk('a') },
      ],
      is_complete: true,
      last_event_id: 'ab-3',
    });
    expect(log.after('ab-3')).toEqual({ changes: [], is_complete: true, last_event_id: 'ab-3' });
  });

  it('says that it is incomplete after an interruption, for an id of another copy, and for one that is too old', () => {
    const log = new ChangeLog('ab');
    expect(log.after('cd-0').is_complete).toBe(false);
    expect(log.after('ab-7').is_complete).toBe(false);
    expect(log.after('nonsense').is_complete).toBe(false);
    const { last_event_id } = log.after(undefined);
    log.interrupted();
    expect(log.after(last_event_id).is_complete).toBe(false);
    expect(log.after(log.lastId).is_complete).toBe(true);
    const old = log.lastId;
    for (let n = 0; n < 600; n += 1) log.add(trunk(String(n)));
    expect(log.after(old).is_complete).toBe(false);
  });
});
