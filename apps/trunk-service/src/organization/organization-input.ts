import {
  organizationQuotas,
  organizationState,
  type OrganizationQuotas,
  type OrganizationState,
} from '@trunkmesh/contracts/organization.js';
import {
  outboundFailover,
  specialNumber,
  type OutboundFailover,
  type SpecialNumber,
} from '@trunkmesh/contracts/outbound.js';
import { DomainError, type FieldProblem } from '@trunkmesh/contracts/problem.js';
import { poolName } from '@trunkmesh/contracts/scalar.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { settingFields, settingsView, shownSettings, wantedSettings } from '../call-settings/call-settings-input.js';
import type { WantedSettings } from '../call-settings/call-settings.js';
import { samePools, sameQuotas } from './organization.js';
import { countryCodes, existingCountry } from '../http/country.js';
import { timeZone } from './time-zone.js';
import { poolsOf } from '../bridge/pool-policy.js';
import type { AddressPolicy } from '../network/address-policy.js';

const name = printable(200).trim().min(1).describe('Unique in the installation.');
/** The operator's to set; null: the installation's. */
const quotas = z
  .strictObject(organizationQuotas.shape)
  .nullable()
  .describe("What the operator allows; null: the installation's limits.");

/** An order of its own would be a change that means nothing. Null: the default pool alone. */
const pools = z
  .array(poolName)
  .min(1)
  .max(64)
  .transform((names) => [...new Set(names)].sort())
  .nullable()
  .describe(
    "the bridge pools that the organisation's trunks may use, set by the operator; null: the default pool " +
      'alone. Trunks keep the pool that they use already',
  );

const countries = countryCodes
  .nullable()
  .describe(
    'The countries that may be called (ISO 3166-1 alpha-2). Null: for an outbound call `country` alone, or where ' +
      'none is named that of the calling number; for a transfer any.',
  );
const country = existingCountry
  .nullable()
  .describe("The organisation's own country (ISO 3166-1 alpha-2). Null: none is named.");

/** An order of its own, or one twice, would be a change that means nothing. */
const specialNumbers = z
  .array(specialNumber)
  .max(16)
  .transform((kinds) => specialNumber.options.filter((kind) => kinds.includes(kind)))
  .describe('Expensive kinds of numbers that may be called; empty: none.');

/** `settings` undefined: nothing was said of them. */
export interface OrganizationInput {
  name: string;
  country?: string | null | undefined;
  outbound_country_codes: string[] | null;
  outbound_failover?: OutboundFailover | undefined;
  outbound_special_numbers?: SpecialNumber[] | undefined;
  time_zone?: string | undefined;
  bridge_pools?: string[] | null | undefined;
  quotas?: OrganizationQuotas | null | undefined;
  settings: WantedSettings | undefined;
}
export type OrganizationChanges = Partial<OrganizationInput> & { status?: OrganizationState['status'] };

export function organizationSchemas(policy: AddressPolicy) {
  const fields = z.strictObject({
    name,
    country,
    outbound_country_codes: countries,
    outbound_failover: outboundFailover.describe(
      'Which trunks an outbound call may use: `any_trunk`, or `number_trunk_only` for that of its number.',
    ),
    outbound_special_numbers: specialNumbers,
    time_zone: timeZone,
    bridge_pools: pools,
    quotas,
    ...settingFields(policy),
  });
  return {
    creation: fields
      .partial()
      .extend({
        name,
        outbound_country_codes: countries.default(null),
      })
      .transform(({ name, country, time_zone, bridge_pools, quotas, ...others }): OrganizationInput => {
        const { outbound_country_codes, outbound_failover, outbound_special_numbers, ...raw } = others;
        const outbound = { country, outbound_country_codes, outbound_failover, outbound_special_numbers };
        return { name, ...outbound, time_zone, bridge_pools, quotas, settings: wantedSettings(raw) };
      }),
    /** A client that sends back what it read is understood. */
    change: fields
      .extend({
        status: organizationState.shape.status.describe('The state.'),
        hints: z.unknown().describe('Read-only: what was read may be sent back.'),
        id: z.unknown().describe('The id.'),
        created_at: z.unknown().describe('When it was made.'),
        updated_at: z.unknown().describe('When it was last changed.'),
      })
      .partial()
      .transform(({ name, country, time_zone, bridge_pools, status, quotas, ...others }): OrganizationChanges => {
        const { outbound_country_codes, outbound_failover, outbound_special_numbers, ...raw } = others;
        const outbound = { country, outbound_country_codes, outbound_failover, outbound_special_numbers };
        return { name, ...outbound, time_zone, bridge_pools, status, quotas, settings: wantedSettings(raw) };
      }),
  };
}

/** The status may be repeated, but is the operator's to change. */
export function requireSameStatus({ status }: OrganizationChanges, state: OrganizationState | null): void {
  if (status === undefined || state === null || status === state.status) return;
  throw new DomainError('invalid-request', 'An organisation is suspended and resumed by POST to its own addresses.', [
    { pointer: '/status', message: `must stay ${state.status}, or be left out` },
  ]);
}

/** The quotas may be repeated, but are the operator's to change. */
export function requireSameQuotas({ quotas }: OrganizationChanges, state: OrganizationState | null): void {
  if (quotas === undefined || state === null || sameQuotas(quotas, state.quotas)) return;
  throw new DomainError('not-allowed', "Only the operator's bootstrap key may change quotas.", [
    { pointer: '/quotas', message: 'must be left out, or stay as it is' },
  ]);
}

/** The pools may be repeated, but are the operator's to change. */
export function requireSamePools({ bridge_pools }: OrganizationChanges, state: OrganizationState | null): void {
  if (bridge_pools === undefined || state === null || samePools({ bridge_pools }, state)) return;
  throw new DomainError(
    'not-allowed',
    'Only the operator allows an organisation to use other bridge pools. Ask the operator, or leave bridge_pools out.',
  );
}

/** The object of the API: the settings flat, without the secret. */
export function presentOrganization({
  call_settings,
  bridge_pools,
  country = null,
  outbound_failover = 'any_trunk',
  outbound_special_numbers = [],
  time_zone = 'UTC',
  created_at,
  updated_at,
  ...rest
}: OrganizationState) {
  return {
    ...rest,
    country,
    outbound_failover,
    outbound_special_numbers,
    time_zone,
    bridge_pools: [...poolsOf({ bridge_pools })],
    ...shownSettings(call_settings),
    hints: hintsOf(call_settings),
    created_at,
    updated_at,
  };
}

const PREWARM_HINT: FieldProblem = {
  pointer: '/prewarm_url',
  message:
    'is called only for calls that have a media stream, and no "media_url" is set here: set it for the organisation ' +
    'or its numbers, unless the operator has set MEDIA_URL for the bridges',
};

/** Allowed, because a number or the bridges may have the media URL. */
const hintsOf = ({ prewarm_url, media_url }: OrganizationState['call_settings'] = {}): FieldProblem[] =>
  prewarm_url !== undefined && media_url === undefined ? [PREWARM_HINT] : [];

/** The body of a suspension, which may be left out. */
export const suspension = z
  .strictObject({
    end_calls: z
      .boolean()
      .default(false)
      .describe(
        'true: calls that go on are ended on every bridge. May be repeated while the organisation is suspended.',
      ),
  })
  .meta({ id: 'SuspensionRequest' });

const hints = z.array(
  z.object({
    pointer: z.string().describe('A JSON pointer (RFC 6901) to the field.'),
    message: z.string().describe('What to know or to do.'),
  }),
);

/** What `presentOrganization` makes. */
export const organizationView = organizationState
  .omit({ call_settings: true })
  .required({
    bridge_pools: true,
    country: true,
    outbound_failover: true,
    outbound_special_numbers: true,
    time_zone: true,
  })
  .extend({ ...settingsView, hints: hints.describe('Settings that are allowed and probably not meant.') })
  .meta({ id: 'Organization' });
export type OrganizationView = z.infer<typeof organizationView>;

const callCount = z.number().int().nonnegative();
/** What became of the organisation's calls, bridge by bridge. */
export const endedCalls = z
  .object({
    complete: z.boolean().describe('Every bridge answered, and every call that it had has ended.'),
    calls_ended: callCount.describe('Calls that have ended.'),
    bridges: z
      .array(
        z.object({
          bridge_id: z.string().describe('The bridge.'),
          answered: z.boolean().describe('false: the calls on this bridge may go on.'),
          calls_ended: callCount.describe('Calls that have ended.'),
          calls_unconfirmed: callCount.describe('FreeSWITCH did not confirm in time that they ended; they may go on.'),
          detail: z.string().nullable().describe('More about it; null where there is nothing to add.'),
        }),
      )
      .describe('What each bridge did.'),
    detail: z.string().describe('What happened and what to do, in a sentence.'),
  })
  .meta({ id: 'EndedCalls' });
export type EndedCalls = z.infer<typeof endedCalls>;

/** `ended_calls`: only where the request asked for it. */
export const suspensionView = organizationView
  .extend({
    ended_calls: endedCalls
      .optional()
      .describe('What became of the calls that went on; absent where they were not to be ended.'),
  })
  .meta({ id: 'SuspendedOrganization' });
export type SuspensionView = z.infer<typeof suspensionView>;
