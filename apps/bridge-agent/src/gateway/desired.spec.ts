import { describe, expect, it } from '@jest/globals';
import type { TrunkEvent, TrunkState } from '@trunkmesh/contracts/trunk.js';
import { trunkOf } from '@trunkmesh/testkit/states.js';
import { emptyDesired, noteTrunkEvent, readTrunkEvent } from './desired.js';

const id = '0190a5b2-7c00-7000-8000-000000000001';
const organization = '0190a5b2-7c00-7000-8000-0000000000aa';
const bridge = { id: 'b1', pool: 'default' };

const state = (more: Partial<TrunkState> = {}): TrunkState =>
  trunkOf({
    id,
    organization_id: organization,
    name: 'Carrier',
    gateway: 'sip.example.com',
    username: 'u',
    enabled: true,
    password: null,
    bridge_id: 'b1',
    gateway_revision: 1,
    register: true,
    ...more,
  });

function event(version: number, after: TrunkState | null): TrunkEvent {
  return {
    specversion: '1.0',
    id: '0190a5b2-7c00-7000-8000-0000000000ee',
    source: 'test',
    type: after === null ? 'TrunkDeleted' : 'TrunkUpdated',
    subject: `trunkmesh.org.${organization}.trunk.${id}`,
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    entityversion: version,
    data: { change: after === null ? {} : { fields: [] }, state: after },
  } as TrunkEvent;
}

describe('the trunks of a bridge', () => {
  it('are those that belong on it', () => {
    const desired = emptyDesired();
    expect(noteTrunkEvent(desired, event(1, state()), id, bridge)).toMatchObject({
      changed: true,
      before: null,
      after: { id },
    });
    expect(desired.trunks.get(id)?.version).toBe(1);
    expect(noteTrunkEvent(desired, event(2, state({ bridge_id: 'b2' })), id, bridge)).toMatchObject({
      changed: true,
      after: null,
    });
    expect(desired.trunks.size).toBe(0);
    expect(noteTrunkEvent(desired, event(3, state({ bridge_id: 'b2' })), id, bridge)).toEqual({ changed: false });
  });

  it('are not changed by events that are older than what is known, as a refilled stream brings them', () => {
    const desired = emptyDesired();
    noteTrunkEvent(desired, event(5, state({ gateway_revision: 5 })), id, bridge);
    expect(noteTrunkEvent(desired, event(1, state()), id, bridge)).toEqual({ changed: false });
    noteTrunkEvent(desired, event(6, null), id, bridge);
    expect(noteTrunkEvent(desired, event(1, state()), id, bridge)).toEqual({ changed: false });
    expect(desired.trunks.size).toBe(0);
  });
});

it('an event of a type that is not known is none', () => {
  expect(readTrunkEvent({ ...event(1, state()), type: 'TrunkPainted' })).toBeUndefined();
  expect(readTrunkEvent(event(1, state()))).toBeDefined();
});
