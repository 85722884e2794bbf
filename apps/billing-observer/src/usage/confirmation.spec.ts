import { describe, expect, it } from '@jest/globals';
import { usageConfirmation } from '@trunkmesh/contracts/usage.js';
import { confirmationOf, currentEpoch, saysTheSame, type EpochProgress } from './confirmation.js';
import { receiveAll, NOTHING_RECEIVED } from './numbering.js';

const OLD = 'ffffffff-0000-4000-8000-000000000001';
const NEW = '00000000-0000-4000-8000-000000000002';
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 23, 0, 0, seconds));
const epoch = (id: string, latest: Date, numbers: number[]): EpochProgress => ({
  bridge_epoch: id,
  latest_time: latest,
  numbering: receiveAll(NOTHING_RECEIVED, numbers),
});

describe('a confirmation', () => {
  it('says how far a bridge is recorded and what is missing above that', () => {
    const confirmation = confirmationOf('b1', epoch(NEW, at(1), [1, 2, 3, 6]), at(2));
    expect(usageConfirmation.parse(confirmation)).toEqual({
      bridge_id: 'b1',
      bridge_epoch: NEW,
      confirmed_through: 3,
      missing: [4, 5],
      at: at(2).toISOString(),
    });
  });

  it('names at most a thousand numbers', () => {
    expect(usageConfirmation.parse(confirmationOf('b1', epoch(NEW, at(1), [1_000_000]), at(2))).missing).toHaveLength(
      1000,
    );
  });

  it('is of the epoch with the latest events, however late an older one is delivered', () => {
    expect(currentEpoch([epoch(NEW, at(9), [1]), epoch(OLD, at(5), [80])])?.bridge_epoch).toBe(NEW);
    expect(currentEpoch([epoch(OLD, at(5), [80]), epoch(NEW, at(9), [1])])?.bridge_epoch).toBe(NEW);
    expect(currentEpoch([])).toBeUndefined();
  });

  it('is written again only when it says something else', () => {
    const one = confirmationOf('b1', epoch(NEW, at(1), [1, 3]), at(2));
    expect(saysTheSame(one, { ...one, at: at(5).toISOString() })).toBe(true);
    expect(saysTheSame(one, { ...one, missing: [] })).toBe(false);
    expect(saysTheSame(one, { ...one, confirmed_through: 2 })).toBe(false);
  });
});
