import type { UsageConfirmation } from '@trunkmesh/contracts/usage.js';
import { confirmedThrough, lowestMissing, type Numbering } from './numbering.js';

/** One epoch of a bridge. `latest_time` is the latest event time seen of it. */
export interface EpochProgress {
  bridge_epoch: string;
  latest_time: Date;
  numbering: Numbering;
}

const NAMED_GAPS = 1000;

/**
 * The epoch that a bridge is in: that of its latest events. A redelivered record of an epoch before must not bring
 * that one back.
 */
export const currentEpoch = (epochs: readonly EpochProgress[]): EpochProgress | undefined =>
  [...epochs].sort(
    (a, b) => b.latest_time.getTime() - a.latest_time.getTime() || (a.bridge_epoch < b.bridge_epoch ? 1 : -1),
  )[0];

export const confirmationOf = (bridgeId: string, epoch: EpochProgress, now: Date): UsageConfirmation => ({
  bridge_id: bridgeId,
  bridge_epoch: epoch.bridge_epoch,
  confirmed_through: confirmedThrough(epoch.numbering),
  missing: lowestMissing(epoch.numbering, NAMED_GAPS),
  at: now.toISOString(),
});

export const saysTheSame = (a: UsageConfirmation, b: UsageConfirmation): boolean =>
  a.bridge_epoch === b.bridge_epoch &&
  a.confirmed_through === b.confirmed_through &&
  a.missing.length === b.missing.length &&
  a.missing.every((number, index) => number === b.missing[index]);
