import type { OutboundLimit } from '@trunkmesh/contracts/outbound.js';
import type { OrganizationQuotas } from '@trunkmesh/contracts/organization.js';
import type { Config } from '../config.js';
import type { Refusal } from './refused-event.js';

export type CeilingName = Extract<keyof OrganizationQuotas, `outbound_${string}`>;
/** What holds for an organisation; 0: no ceiling. */
export type Ceilings = Readonly<Record<CeilingName, number>>;

/** The installation's own. */
export const standardCeilings = (config: Config): Ceilings => ({
  outbound_calls_per_hour: config.QUOTA_OUTBOUND_CALLS_PER_HOUR,
  outbound_calls_per_day: config.QUOTA_OUTBOUND_CALLS_PER_DAY,
  outbound_minutes_per_hour: config.QUOTA_OUTBOUND_MINUTES_PER_HOUR,
  outbound_minutes_per_day: config.QUOTA_OUTBOUND_MINUTES_PER_DAY,
  outbound_calls_per_destination: config.QUOTA_OUTBOUND_CALLS_PER_DESTINATION,
});

/** What the organisation has used, the call in question not counted. Minutes of calls in progress count, too. */
export interface OutboundUse {
  calls_hour: number;
  calls_day: number;
  minutes_hour: number;
  minutes_day: number;
  /** Calls to the called number within an hour. */
  destination_hour: number;
}

interface Ceiling {
  name: CeilingName;
  reason: OutboundLimit;
  /** What is counted, with its time. */
  of: string;
  used: (use: OutboundUse) => number;
  retryAfterSeconds: number;
}

/** In the order in which they refuse: the one that is free again soonest goes first. */
const CEILINGS: readonly Ceiling[] = [
  {
    name: 'outbound_calls_per_destination',
    reason: 'same-destination',
    of: 'calls to the same number in an hour',
    used: ({ destination_hour }) => destination_hour,
    retryAfterSeconds: 600,
  },
  {
    name: 'outbound_calls_per_hour',
    reason: 'calls-per-hour',
    of: 'outbound calls in an hour',
    used: ({ calls_hour }) => calls_hour,
    retryAfterSeconds: 300,
  },
  {
    name: 'outbound_minutes_per_hour',
    reason: 'minutes-per-hour',
    of: 'minutes of outbound calls in an hour',
    used: ({ minutes_hour }) => minutes_hour,
    retryAfterSeconds: 300,
  },
  {
    name: 'outbound_calls_per_day',
    reason: 'calls-per-day',
    of: 'outbound calls in a day',
    used: ({ calls_day }) => calls_day,
    retryAfterSeconds: 3_600,
  },
  {
    name: 'outbound_minutes_per_day',
    reason: 'minutes-per-day',
    of: 'minutes of outbound calls in a day',
    used: ({ minutes_day }) => minutes_day,
    retryAfterSeconds: 3_600,
  },
];

/** Why one more call is too many; undefined: it is not. */
export function ceilingReached(ceilings: Ceilings, use: OutboundUse): Refusal | undefined {
  const reached = CEILINGS.find(({ name, used }) => ceilings[name] > 0 && used(use) >= ceilings[name]);
  if (reached === undefined) return undefined;
  return {
    reason: reached.reason,
    detail:
      `The organisation may have ${ceilings[reached.name]} ${reached.of}, and has reached that. Nothing was dialled. ` +
      'Try again later, or ask the operator for a higher quota.',
    retry_after_seconds: reached.retryAfterSeconds,
  };
}
