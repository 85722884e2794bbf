import { poolName } from '@trunkmesh/contracts/scalar.js';
import type { FieldProblem } from '@trunkmesh/contracts/problem.js';
import { printable, trunkSettings, type TrunkSettings, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { template } from '@trunkmesh/contracts/call-template.js';
import { callerIdentity, OUTBOUND_DEFAULTS } from '@trunkmesh/contracts/outbound-settings.js';
import { numberRule } from '@trunkmesh/contracts/number-rule.js';
import { z } from 'zod';
import { nameKey } from '../event-store/name-key.js';
import { countryCodes, existingCountry } from '../http/country.js';
import { checkRequest, invalidRequest } from '../http/field-problems.js';
import { orNull } from '../http/or-null.js';
import { claimProblems, type ClaimPolicy } from './claim-policy.js';
import { readGateway } from '../network/gateway.js';
import { readInboundAddress } from '../network/inbound-address.js';
import { trunkView } from './trunk-view.js';

const line = (max: number) => printable(max).min(1);

/**
 * A SIP user. A pasted space at an end costs an hour of search; a colon ends the user in FreeSWITCH's own format, a
 * double quote ends it in the header.
 */
const user = line(128)
  .refine((text) => text === text.trim(), 'must not begin or end with a space')
  .regex(/^[^:"]*$/, 'must not contain colons or double quotes: FreeSWITCH cannot use them');
const password = printable(256).regex(
  /^[^:]*$/,
  'must not contain colons: FreeSWITCH would send only what is before it',
);

/** A domain, as in the host part of a SIP URI. */
const domain = line(253).refine(
  (text) => readGateway(text).ok,
  'must be a host name or an address, for example "sip.example.com"',
);
/** A digest realm is any text; a quote or a backslash would end it early in the header (RFC 8760, RFC 3261 §25.1). */
const realm = line(253).regex(/^[^"\\]*$/, 'must not contain quotes or backslashes');

const rule = numberRule.strict().refine(({ min_length, max_length }) => min_length <= max_length, {
  error: 'must not be more than max_length',
  path: ['min_length'],
});

/**
 * Whether the organisation may claim it depends on whose request it is and on what the trunk has already:
 * claim-policy.ts.
 */
const gateway = line(260).transform((text, context) => {
  const reading = readGateway(text.trim());
  if (reading.ok && reading.gateway.reach !== 'never') return reading.gateway.text;
  const message = reading.ok ? `is ${reading.gateway.what}: no carrier can have it` : reading.message;
  context.addIssue({ code: 'custom', message, input: text });
  return z.NEVER;
});

const inboundAddress = z
  .string()
  .max(64)
  .transform((text, context) => {
    const reading = readInboundAddress(text.trim());
    if (reading.ok) return reading.text;
    context.addIssue({ code: 'custom', message: reading.message, input: text });
    return z.NEVER;
  });

/**
 * What a client may set, whole. The contract's fields with what only this door can check; defaults are those of the
 * contract.
 */
function fields() {
  const { shape } = trunkSettings;
  return describedAs(shape, {
    ...shape,
    name: printable(100)
      .transform((text) => text.trim())
      .refine((text) => nameKey(text) !== '', { error: 'must not be empty' }),
    gateway,
    username: orNull(user).default(null),
    provider: orNull(line(100)).default(null),
    inbound_addresses: z.array(inboundAddress).max(64).default([]),
    default_country: existingCountry.nullable().default(null),
    number_rules: z.array(rule).max(32).default([]),
    outbound_country_codes: countryCodes.nullable().default(null),
    bridge_pool: poolName.default('default'),
    from_domain: orNull(domain).default(null),
    realm: orNull(realm).default(null),
    auth_username: orNull(user).default(null),
    codecs: shape.codecs
      .unwrap()
      .refine((list) => new Set(list).size === list.length, 'must name each codec once')
      .default(['PCMU', 'PCMA']),
    headers: z
      .record(
        z
          .string()
          .regex(/^[XP]-[A-Za-z\d-]{1,60}$/, 'header names begin with X- or P- and have letters, digits and "-"'),
        template(256).or(z.literal('')),
      )
      .refine((headers) => Object.keys(headers).length <= 32, 'must have at most 32 headers')
      .default({}),
    identity: callerIdentity.strict().prefault({}),
    outbound_proxy: orNull(gateway).default(null),
    // Old clients send an empty string for "as it is".
    password: z
      .preprocess((value) => (value === '' ? undefined : value), password.nullable().optional())
      .optional()
      .describe('Never shown. Absent or empty: the present one stays. Null removes it.'),
    enabled: z.boolean().optional().describe('False: out of routing, with its credentials kept.'),
  });
}

/** What the contract says of a field holds here as well, however differently it is checked. */
const describedAs = <Shape extends Record<string, z.ZodType>>(
  contract: Readonly<Record<string, z.ZodType>>,
  shape: Shape,
): Shape =>
  Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => {
      const description = schema.description ?? contract[name]?.description;
      return [name, description === undefined ? schema : schema.describe(description)];
    }),
  ) as Shape;

/** What a read gives and a client may send back unchanged; nothing of it can be set. */
const READ_ONLY: ReadonlySet<string> = new Set(
  Object.keys(trunkView.shape).filter((field) => field !== 'enabled' && !(field in trunkSettings.shape)),
);

const policies = z.registry<ClaimPolicy>();
export const trunkBody = (policy: ClaimPolicy) => z.strictObject(fields()).register(policies, policy);
/** As it is described; what the installation allows is not the description's business. */
const described = trunkBody({ allowPrivate: false });
const patch = described.partial().meta({ id: 'TrunkPatch' });
export const TRUNK_BODY = { 'application/json': described.meta({ id: 'TrunkReplacement' }) };
export const TRUNK_PATCH_BODY = { 'application/merge-patch+json': patch, 'application/json': patch };
export type TrunkBodySchema = ReturnType<typeof trunkBody>;

/**
 * `password`: plain text; undefined keeps the present one, null takes it away. `enabled` undefined: as it is, for a
 * new trunk true.
 */
export interface WantedTrunk {
  settings: TrunkSettings;
  enabled: boolean | undefined;
  password: string | null | undefined;
}

/**
 * A whole trunk as a client wrote it, for a new one (`existing` null) or in place of one. Everything that is wrong
 * with it is said at once.
 */
export function readTrunk(schema: TrunkBodySchema, written: unknown, existing: TrunkState | null): WantedTrunk {
  const body = isObject(written)
    ? Object.fromEntries(Object.entries(written).filter(([field]) => !READ_ONLY.has(field)))
    : written;
  const { value, problems = [] } = checkRequest(schema, body);
  const ofBody = isObject(body)
    ? [...credentialProblems(body, existing), ...claimProblems(body, existing, policies.get(schema)!)]
    : [];
  const all = [...problems, ...ofBody, ...(value === undefined ? [] : tooLong(value))];
  if (value === undefined || all.length > 0) throw invalidRequest(withoutTwins(all));
  const { password, enabled, inbound_addresses, ...settings } = value;
  return { settings: { ...settings, inbound_addresses: [...new Set(inbound_addresses)] }, enabled, password };
}

/** RFC 7396: a field that is null goes back to its default; so does a null member of `headers` or `identity`. */
export function patchTrunk(schema: TrunkBodySchema, patch: unknown, existing: TrunkState): WantedTrunk {
  if (!isObject(patch)) return readTrunk(schema, patch, existing);
  const known: Record<string, unknown> = Object.fromEntries(
    Object.entries({ ...OUTBOUND_DEFAULTS, ...existing }).filter(
      ([field]) => field in schema.shape && field !== 'password',
    ),
  );
  for (const [field, value] of Object.entries(patch)) {
    if (value === null && field in known && field !== 'enabled') delete known[field];
    else known[field] = NESTED.has(field) && isObject(value) ? patched(existing[field as 'headers'], value) : value;
  }
  return readTrunk(schema, known, existing);
}

/** Fields whose members are patched one by one. */
const NESTED: ReadonlySet<string> = new Set(['headers', 'identity']);

const patched = (before: Readonly<Record<string, unknown>> = {}, patch: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const NEEDED = 'is required where "register" is true; a trunk that is trusted by its address has "register": false';
const absent = (value: unknown) => value === undefined || value === '';

/** FreeSWITCH skips a gateway that shall register and has no credentials, with a log line only (FACTS). */
function credentialProblems(body: Readonly<Record<string, unknown>>, existing: TrunkState | null): FieldProblem[] {
  if ((body.register ?? true) !== true) return [];
  const username = absent(body.username) || body.username === null;
  // Not said keeps the password that there is; null takes it away.
  const password = body.password === null || (absent(body.password) && existing?.password == null);
  return [...(username ? ['username'] : []), ...(password ? ['password'] : [])].map((field) => ({
    pointer: `/${field}`,
    message: NEEDED,
  }));
}

/**
 * FreeSWITCH's SIP stack keeps `Digest:"realm":user:password` in 256 bytes, and cuts it off without a word. The realm
 * is the carrier's to name, where the trunk does not.
 */
const CREDENTIAL_BYTES = 255;
const USUAL_REALM_BYTES = 64;

function tooLong({ username, auth_username, realm, password }: z.output<TrunkBodySchema>): FieldProblem[] {
  if (password == null) return [];
  const bytes =
    bytesOf(`Digest:"":${auth_username ?? username ?? ''}:${password}`) +
    (realm === null ? USUAL_REALM_BYTES : bytesOf(realm));
  return bytes <= CREDENTIAL_BYTES
    ? []
    : [
        {
          pointer: '/password',
          message: 'is, together with the user name, longer than FreeSWITCH can use (about 180 characters)',
        },
      ];
}

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

const withoutTwins = (problems: readonly FieldProblem[]) =>
  problems.filter(({ pointer }, index) => problems.findIndex((other) => other.pointer === pointer) === index);
