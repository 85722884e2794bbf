import { describe, expect, it } from '@jest/globals';
import type { BridgeOwner } from '@trunkmesh/contracts/bridge.js';
import { BridgeTaken, claimStep } from './ownership.js';

const owner: BridgeOwner = {
  bridge_id: 'bridge-1',
  instance_id: '0190a5b2-7c00-7000-8000-000000000001',
  host: 'host-a.example.com',
  place: 'a',
  claimed_at: '2026-01-01T00:00:00.000Z',
};
const OTHER = '0190a5b2-7c00-7000-8000-000000000002';

describe('claiming a bridge', () => {
  it.each([
    ['nobody has it', undefined, { instance_id: OTHER, place: 'b' }, 'take'],
    ['this process has it', owner, { instance_id: owner.instance_id, place: 'a' }, 'ours'],
    ['the process before it on the same host and STATE_DIR', owner, { instance_id: OTHER, place: 'a' }, 'ask-once'],
    ['a process somewhere else', owner, { instance_id: OTHER, place: 'b' }, 'ask'],
  ] as const)('%s', (_what, before, self, step) => {
    expect(claimStep(before, self)).toBe(step);
  });

  it('a refused process learns which one has it', () => {
    expect(new BridgeTaken(owner).message).toBe(
      'another agent runs with BRIDGE_ID bridge-1: on host host-a.example.com since 2026-01-01T00:00:00.000Z, ' +
        'instance 0190a5b2-7c00-7000-8000-000000000001. Give each agent a BRIDGE_ID of its own, or stop the ' +
        'other one first',
    );
  });
});
