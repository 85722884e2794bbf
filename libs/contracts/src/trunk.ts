import { z } from 'zod';
import { addressClaim } from './address.js';
import { cloudEvent } from './envelope.js';
import { numberRule } from './number-rule.js';
import { laterOutboundSettings, outboundSettings } from './outbound-settings.js';
import { bridgeId, countryCode, poolName, timestamp, uuid } from './scalar.js';

export const transport = z.enum(['udp', 'tcp', 'tls']);
/** SDES-SRTP (RFC 4568): `optional` offers it, `required` refuses a call without it. */
export const srtp = z.enum(['off', 'optional', 'required']);
export const codec = z.enum(['PCMU', 'PCMA']);

/**
 * No control characters, which would end a header early, and no half of a surrogate pair, which neither XML nor
 * PostgreSQL takes.
 */
export const printable = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');

/** A trunk's settings, without its secret and without what the mesh decides. Defaults are those of a create. */
export const trunkSettings = z.object({
  name: printable(100).min(1).describe('Unique within the organisation; upper and lower case are the same.'),
  gateway: printable(260).min(1).describe('The carrier or PBX: `host`, `host:port`, `[v6]` or `[v6]:port`.'),
  username: printable(128)
    .nullable()
    .default(null)
    .describe('The user name for the registration and for digest authentication; null: none.'),
  priority: z.number().int().min(0).max(65535).default(10).describe('A trunk with a lower number is preferred.'),
  register: z
    .boolean()
    .default(true)
    .describe('true: FreeSWITCH registers to the gateway. false: the gateway is trusted by its address.'),
  provider: printable(100).nullable().default(null).describe('A free label; null: none.'),
  transport: transport.default('udp').describe('How SIP messages travel.'),
  srtp: srtp
    .default('off')
    .describe('SDES-SRTP (RFC 4568): `optional` offers it, `required` refuses a call without it.'),
  inbound_addresses: z
    .array(z.string().max(64))
    .max(64)
    .default([])
    .describe("Addresses and networks (CIDR) that calls of this trunk may come from, beside the gateway's own."),
  default_country: countryCode
    .nullable()
    .default(null)
    .describe('The country of numbers without a country code; null: only E.164 is understood.'),
  number_rules: z.array(numberRule).max(32).default([]).describe('How the carrier writes numbers.'),
  max_channels: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .nullable()
    .default(null)
    .describe('How many calls at the same time; null: no limit.'),
  max_cps: z
    .number()
    .min(0.1)
    .max(10_000)
    .nullable()
    .default(null)
    .describe('How many new calls a second; 0.5 is one call in two seconds. Null: no limit.'),
  outbound_country_codes: z
    .array(countryCode)
    .nullable()
    .default(null)
    .describe('The countries that may be called (ISO 3166-1 alpha-2); null: any.'),
  bridge_pool: poolName.default('default').describe('The pool whose bridges take the calls.'),
  from_domain: printable(253)
    .nullable()
    .default(null)
    .describe('The host part of From on outbound requests; null: the gateway.'),
  realm: printable(253)
    .nullable()
    .default(null)
    .describe('The digest realm, where it differs from the gateway; null: the gateway.'),
  auth_username: printable(128)
    .nullable()
    .default(null)
    .describe('The digest user, where it differs from `username`; null: it does not.'),
  expires_seconds: z
    .number()
    .int()
    .min(60)
    .max(86_400)
    .default(3600)
    .describe('The lifetime of a registration, seconds.'),
  ping_seconds: z
    .number()
    .int()
    .min(5)
    .max(3600)
    .nullable()
    .default(null)
    .describe('Seconds between OPTIONS requests to the gateway; null: none.'),
  codecs: z.array(codec).min(1).max(2).default(['PCMU', 'PCMA']).describe('The codecs to offer, in this order.'),
  headers: z
    .record(z.string().regex(/^[XP]-[A-Za-z\d-]{1,60}$/, 'header names begin with X- or P-'), printable(256))
    .default({})
    .describe(
      'Extra SIP headers of outbound calls, by name; names begin with `X-` or `P-`. The values are templates: ' +
        '`{{call_sid}}` and other variables are filled in for each call.',
    ),
  ...outboundSettings.shape,
});
export type TrunkSettings = z.infer<typeof trunkSettings>;

/**
 * What a change of each setting means for FreeSWITCH. `gateway`: the setting is written into the gateway's file, so a
 * change needs a new gateway. `place`: the setting decides which bridges have the gateway. `none`: only the mesh uses
 * it.
 */
export const SETTING_EFFECTS = {
  name: 'none',
  gateway: 'gateway',
  username: 'gateway',
  priority: 'none',
  register: 'gateway',
  provider: 'none',
  transport: 'gateway',
  srtp: 'gateway',
  inbound_addresses: 'none',
  default_country: 'none',
  number_rules: 'none',
  max_channels: 'none',
  max_cps: 'none',
  outbound_country_codes: 'none',
  bridge_pool: 'place',
  from_domain: 'gateway',
  realm: 'gateway',
  auth_username: 'gateway',
  expires_seconds: 'gateway',
  ping_seconds: 'gateway',
  codecs: 'gateway',
  headers: 'gateway',
  ring_timeout_seconds: 'none',
  failover_statuses: 'none',
  queue_seconds: 'none',
  queue_length: 'none',
  identity: 'none',
  outbound_proxy: 'gateway',
} as const satisfies Record<keyof TrunkSettings, 'gateway' | 'place' | 'none'>;

/** The settings that the gateway's file holds. */
export type GatewaySetting = {
  [Setting in keyof TrunkSettings]-?: (typeof SETTING_EFFECTS)[Setting] extends 'gateway' ? Setting : never;
}[keyof TrunkSettings];

/**
 * A sealed secret: `v1.<key id>.<iv>.<ciphertext and tag>`, base64url, AES-256-GCM, bound to the trunk's id as
 * additional data. Never plain text.
 */
export const sealed = z.string().regex(/^v1\.[\w-]{1,64}\.[\w-]+\.[\w-]+$/);

export const trunkState = trunkSettings
  .extend({
    ...laterOutboundSettings,
    id: uuid.describe('The id.'),
    organization_id: uuid.describe('The organisation.'),
    enabled: z.boolean().describe('False: out of routing, with its credentials kept.'),
    password: sealed.nullable().describe('The SIP password, sealed; null: none.'),
    bridge_id: bridgeId
      .nullable()
      .describe(
        'The bridge that registers the trunk; null: not placed yet, or trusted by address and on every ' +
          'bridge of its pool.',
      ),
    gateway_revision: z
      .number()
      .int()
      .positive()
      .describe(
        'The `entityversion` of the last event that changed the gateway in FreeSWITCH; part of its name there.',
      ),
    address_claims: z
      .array(addressClaim)
      .max(256)
      .optional()
      .describe(
        'The addresses and networks that the trunk claims. Absent: the literal addresses of `gateway` ' +
          'and `inbound_addresses`.',
      ),
    created_at: timestamp.describe('When it was made.'),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'TrunkState' });
export type TrunkState = z.infer<typeof trunkState>;

export const trunkEvent = z.discriminatedUnion('type', [
  cloudEvent('TrunkCreated', z.object({}), trunkState),
  cloudEvent(
    'TrunkUpdated',
    z.object({ fields: z.array(z.string()).describe('The names of the changed fields.') }),
    trunkState,
  ),
  /** `reencrypted`: the same password under another key; FreeSWITCH's gateway is not touched. */
  cloudEvent(
    'TrunkCredentialsChanged',
    z.object({ reason: z.enum(['changed', 'reencrypted']).describe('Why, as a constant.') }),
    trunkState,
  ),
  cloudEvent('TrunkEnabled', z.object({}), trunkState),
  cloudEvent('TrunkDisabled', z.object({}), trunkState),
  /** `bridge_id` null: it was taken off a bridge and no other is alive. */
  cloudEvent(
    'TrunkPlaced',
    z.object({
      bridge_id: bridgeId.nullable().describe('The bridge that has the trunk now; null: none.'),
      from: bridgeId.nullable().describe('The bridge that had it before; null: none.'),
    }),
    trunkState,
  ),
  /** The addresses that the gateway's host name leads to have changed; canonical CIDRs. */
  cloudEvent(
    'TrunkResolved',
    z.object({
      added: z.array(z.string()).describe('Networks (CIDR) that are new.'),
      removed: z.array(z.string()).describe('Networks (CIDR) that are gone.'),
    }),
    trunkState,
  ),
  cloudEvent('TrunkDeleted', z.object({}), z.null()),
]);
export type TrunkEvent = z.infer<typeof trunkEvent>;

/**
 * The host that requests of the trunk are sent to: the outbound proxy, else the gateway. Its addresses are those that
 * calls of the trunk may come from.
 */
export const nextHopOf = (trunk: Pick<TrunkState, 'gateway' | 'outbound_proxy'>): string =>
  trunk.outbound_proxy ?? trunk.gateway;

/** FreeSWITCH's name for this revision of the trunk's gateway: `^[\w.\-]+$` (FACTS). */
export const gatewayName = (trunk: Pick<TrunkState, 'id' | 'gateway_revision'>) =>
  `${trunk.id}.${trunk.gateway_revision}`;

/** The trunk and revision that a gateway's name means, or undefined where the name is not one of ours. */
export function parseGatewayName(name: string): { id: string; gateway_revision: number } | undefined {
  const match = /^([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})\.(\d{1,15})$/.exec(name);
  return match ? { id: match[1]!, gateway_revision: Number(match[2]) } : undefined;
}

/** Whether the trunk belongs on this bridge: enabled, of its pool, and placed there if it registers. */
export function belongsOnBridge(trunk: TrunkState, bridge: { id: string; pool: string }): boolean {
  if (!trunk.enabled || trunk.bridge_pool !== bridge.pool) return false;
  return trunk.register ? trunk.bridge_id === bridge.id : true;
}
