import { z } from 'zod';
import { addressClaim } from './address.js';
import { cloudEvent } from './envelope.js';
import { bridgeId, countryCode, poolName, timestamp, uuid } from './scalar.js';

/**
 * How a carrier writes numbers. The first rule of a direction whose `prefix` (literal) and length bounds match is
 * applied: `strip` characters off the front, then
 * `add` before the rest. Inbound rules bring the carrier's spelling towards E.164; outbound rules turn E.164 into the
 * carrier's spelling.
 */
export const numberRule = z.object({
  direction: z.enum(['inbound', 'outbound']),
  prefix: z
    .string()
    .regex(/^[+\d*#]{0,15}$/, 'must be digits, "+", "*" or "#", up to 15 of them')
    .default(''),
  min_length: z.number().int().min(0).max(32).default(0),
  max_length: z.number().int().min(1).max(32).default(32),
  strip: z.number().int().min(0).max(15).default(0),
  add: z
    .string()
    .regex(/^[+\d*#]{0,15}$/, 'must be digits, "+", "*" or "#", up to 15 of them')
    .default(''),
});
export type NumberRule = z.infer<typeof numberRule>;

export const transport = z.enum(['udp', 'tcp', 'tls']);
/** SDES-SRTP (RFC 4568): `optional` offers it, `required` refuses a call without it. */
export const srtp = z.enum(['off', 'optional', 'required']);
export const codec = z.enum(['PCMU', 'PCMA']);

/**
 *  No control characters, which would end a header early, and no half of a surrogate pair, which neither XML nor
 *  PostgreSQL takes.
 */
export const printable = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');

/** A trunk's settings, without its secret and without what the mesh decides. Defaults are those of a create. */
export const trunkSettings = z.object({
  name: printable(100).min(1),
  /** `host`, `host:port`, `[v6]` or `[v6]:port`. Checked further where the field enters (trunk-service). */
  gateway: printable(260).min(1),
  username: printable(128).nullable().default(null),
  /** Lower is preferred. */
  priority: z.number().int().min(0).max(65535).default(10),
  /** true: FreeSWITCH registers to the gateway; false: the gateway is trusted by its address. */
  register: z.boolean().default(true),
  /** A free label. */
  provider: printable(100).nullable().default(null),
  transport: transport.default('udp'),
  srtp: srtp.default('off'),
  /** CIDRs (or single addresses) that calls of this trunk may come from, beside the gateway's own. */
  inbound_addresses: z.array(z.string().max(64)).max(64).default([]),
  /** The country that numbers without a country code belong to. */
  default_country: countryCode.nullable().default(null),
  number_rules: z.array(numberRule).max(32).default([]),
  /** Concurrent calls; `null`: no limit. */
  max_channels: z.number().int().min(1).max(100_000).nullable().default(null),
  /** New calls a second; `null`: no limit. */
  max_cps: z.number().min(0.1).max(10_000).nullable().default(null),
  outbound_country_codes: z.array(countryCode).nullable().default(null),
  bridge_pool: poolName.default('default'),
  from_domain: printable(253).nullable().default(null),
  realm: printable(253).nullable().default(null),
  /** Where the carrier's digest user differs from `username`. */
  auth_username: printable(128).nullable().default(null),
  /** Registration's lifetime asked for, seconds. FreeSWITCH refuses less than 5. */
  expires_seconds: z.number().int().min(60).max(86_400).default(3600),
  /** OPTIONS ping, seconds; `null`: none. FreeSWITCH refuses less than 5. */
  ping_seconds: z.number().int().min(5).max(3600).nullable().default(null),
  codecs: z.array(codec).min(1).max(2).default(['PCMU', 'PCMA']),
  /** Extra SIP headers on outbound requests; names begin with `X-` or `P-`. */
  headers: z
    .record(z.string().regex(/^[XP]-[A-Za-z\d-]{1,60}$/, 'header names begin with X- or P-'), printable(256))
    .default({}),
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
} as const satisfies Record<keyof TrunkSettings, 'gateway' | 'place' | 'none'>;

/** The settings that the gateway's file holds. */
export type GatewaySetting = {
  [Setting in keyof TrunkSettings]: (typeof SETTING_EFFECTS)[Setting] extends 'gateway' ? Setting : never;
}[keyof TrunkSettings];

/**
 * A sealed secret: `v1.<key id>.<iv>.<ciphertext and tag>`, base64url, AES-256-GCM, bound to the trunk's id as
 * additional data. Never plain text.
 */
export const sealed = z.string().regex(/^v1\.[\w-]{1,64}\.[\w-]+\.[\w-]+$/);

export const trunkState = trunkSettings.extend({
  id: uuid,
  organization_id: uuid,
  enabled: z.boolean(),
  password: sealed.nullable(),
  /**
   *  The one bridge that a registering trunk lives on; `null`: not placed (yet), or trusted by address and so on every
   *  bridge of its pool.
   */
  bridge_id: bridgeId.nullable(),
  /**
   * `entityversion` of the last event that changes what FreeSWITCH must have. It is part of the gateway's name
   * (`<id>.<gateway_revision>`), because a same-name replacement races with the old one's un-REGISTER (FACTS,
   * "Same-name replacement races at the registrar").
   */
  gateway_revision: z.number().int().positive(),
  /**
   *  Absent in trunks last changed before claims were recorded: the literal addresses of `gateway` and
   *  `inbound_addresses`, since `created_at`.
   */
  address_claims: z.array(addressClaim).max(256).optional(),
  created_at: timestamp,
  updated_at: timestamp,
});
export type TrunkState = z.infer<typeof trunkState>;

export const trunkEvent = z.discriminatedUnion('type', [
  cloudEvent('TrunkCreated', z.object({}), trunkState),
  cloudEvent('TrunkUpdated', z.object({ fields: z.array(z.string()) }), trunkState),
  /** `reencrypted`: the same password under another key; FreeSWITCH's gateway is not touched. */
  cloudEvent('TrunkCredentialsChanged', z.object({ reason: z.enum(['changed', 'reencrypted']) }), trunkState),
  cloudEvent('TrunkEnabled', z.object({}), trunkState),
  cloudEvent('TrunkDisabled', z.object({}), trunkState),
  /** `bridge_id` null: it was taken off a bridge and no other is alive. */
  cloudEvent('TrunkPlaced', z.object({ bridge_id: bridgeId.nullable(), from: bridgeId.nullable() }), trunkState),
  /** The addresses that the gateway's host name leads to have changed; canonical CIDRs. */
  cloudEvent('TrunkResolved', z.object({ added: z.array(z.string()), removed: z.array(z.string()) }), trunkState),
  cloudEvent('TrunkDeleted', z.object({}), z.null()),
]);
export type TrunkEvent = z.infer<typeof trunkEvent>;

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
