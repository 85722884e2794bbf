import { z } from 'zod';
import { cloudEvent } from './envelope.js';
import { bridgeId, timestamp, uuid } from './scalar.js';

/**
 * An address or network in canonical CIDR form, a single address with its full prefix: `203.0.113.20/32`,
 * `2001:db8::1/128`. IPv4 in IPv6 is written as IPv4, IPv6 as RFC 5952 has it.
 */
export const networkText = z
  .string()
  .max(64)
  .regex(/^[\da-f.:]+\/\d{1,3}$/, 'must be a network, for example 203.0.113.20/32');

/**
 * The widest networks that an organisation may claim without an operator's approval (design, "Claims on shared
 * names").
 */
export const WIDEST_CLAIM = { ipv4: 24, ipv6: 48 } as const;

/**
 * One network that calls of a trunk may come from. A claim only: what it is worth where others claim the same address
 * is decided by evidence (libs/routing, standing.ts).
 * `name`: the gateway's host name resolves to it. `since`: when this trunk first claimed it; the oldest claim counts
 * where nobody has evidence.
 * `approved`: set by an operator; a network wider than WIDEST_CLAIM without it gives way to every other claim.
 */
export const addressClaim = z
  .object({
    network: networkText.describe('An address or a network (CIDR).'),
    via: z
      .enum(['gateway', 'inbound', 'name'])
      .describe('What the claim is from: the gateway itself, an inbound address, or a name that resolves to it.'),
    since: timestamp.describe('Since when.'),
    approved: z.boolean().optional().describe('Whether the operator approved it.'),
  })
  .meta({ id: 'AddressClaim' });
export type AddressClaim = z.infer<typeof addressClaim>;

/**
 * Why an organisation counts as served from an address. `call`: an answered and acknowledged call from it named one of
 * its numbers in full. `verification-call`: a call with a one-time code. `registration`: the address answered a
 * registration of one of its trunks. `operator`: an operator said so.
 */
export const EVIDENCE_KINDS = ['call', 'verification-call', 'registration', 'operator'] as const;

export const addressEvidence = z
  .object({
    by: z.enum(EVIDENCE_KINDS).describe('What proves it.'),
    at: timestamp.describe('When it happened.'),
    trunk_id: uuid.nullable().describe('The trunk; null where none is known.'),
    call_id: uuid.nullable().describe('The call that proved it; null where something else did.'),
  })
  .meta({ id: 'Evidence' });
export type AddressEvidence = z.infer<typeof addressEvidence>;

/**
 * An organisation's evidence for one network. Always a single address, except where an operator vouches for a network.
 */
export const addressState = z
  .object({
    organization_id: uuid.describe('The organisation.'),
    network: networkText.describe('An address or a network (CIDR).'),
    evidence: addressEvidence.describe('Why the organisation counts as served from there.'),
    shared_since: timestamp
      .nullable()
      .describe(
        'Since when another organisation has evidence for this address too; then only full public ' +
          'numbers decide there. Null: this one alone.',
      ),
    created_at: timestamp.describe('When it was made.'),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'AddressEvidence' });
export type AddressState = z.infer<typeof addressState>;

export const addressEvent = z.discriminatedUnion('type', [
  cloudEvent('AddressProven', addressEvidence, addressState),
  /** Another organisation proved that it is served from the same address. */
  cloudEvent('AddressShared', z.object({}), addressState),
  cloudEvent(
    'AddressEvidenceWithdrawn',
    z.object({ reason: z.string().max(200).nullable().describe('Why, in words; null: nobody said.') }),
    z.null(),
  ),
]);
export type AddressEvent = z.infer<typeof addressEvent>;

/**
 * A verification code: 16 digits, so that no phone number (15 digits at most) can be one and any PBX can dial it; the
 * first two keep it clear of emergency and access codes. Valid once, for 15 minutes.
 */
export const verificationCode = z.string().regex(/^77\d{14}$/);
export const VERIFICATION_VALID_MS = 15 * 60_000;

/** The code in what a call dialled (a Request-URI's or To's user, with or without `+`), or undefined. */
export const dialledCode = (user: string): string | undefined => /^\+?(77\d{14})$/.exec(user)?.[1];

/**
 * Request `trunkmesh.rpc.address.verify`, from a bridge to trunk-service: a call dialled a verification code.
 * `arrived`: it is waiting for an answer. `confirmed`: it was answered, and the caller acknowledged the answer, so the
 * source address is not forged. `abandoned`: it ended before that was certain.
 */
export const verificationCall = z.object({
  phase: z.enum(['arrived', 'confirmed', 'abandoned']).describe('How far the verification call has come.'),
  code: verificationCode.describe('The code that was dialled.'),
  call_id: uuid.describe('The call, by its id.'),
  bridge_id: bridgeId.describe('The bridge.'),
  pool: z.string().max(64).describe('The bridge pool.'),
  source_address: z.string().max(64).describe('The address that the call came from.'),
  source_port: z
    .number()
    .int()
    .min(0)
    .max(65535)
    .nullable()
    .describe('The port that the call came from; null where it is not known.'),
  transport: z.string().max(16).nullable().describe('How the INVITE came; null where it is not known.'),
  request_uri_user: z.string().max(256).describe('The user part of the Request-URI.'),
  to_user: z.string().max(256).describe('The user part of the To header.'),
  from_user: z.string().max(256).describe('The user part of the From header.'),
  at: timestamp.describe('When it happened.'),
});
export type VerificationCall = z.infer<typeof verificationCall>;

/** `accepted`: answer the call (after `arrived`); the evidence is recorded (after `confirmed`). */
export const verificationAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('accepted').describe('What became of the request.') }),
  z.object({
    outcome: z.literal('refused').describe('What became of the request.'),
    reason: z
      .enum([
        'unknown-code',
        'code-expired',
        'code-used',
        'address-not-claimed',
        'trunk-gone',
        'invalid-request',
        'unavailable',
      ])
      .describe('Why, as a constant.'),
    message: z.string().describe('What happened and what to do, in a sentence.'),
  }),
]);
export type VerificationAnswer = z.infer<typeof verificationAnswer>;
