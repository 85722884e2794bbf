import { z } from 'zod';
import { occurrence } from './envelope.js';
import { CALLED_NUMBER_SOURCES } from './routing.js';
import { bridgeId, e164, timestamp, uuid } from './scalar.js';

/**
 * Why a bridge rejected a call that is in no call log: FreeSWITCH rejected it before it asked the agent, or the call
 * belonged to no organisation. Each reason is one word; the event also holds the SIP status that was sent.
 */
export const REFUSED_CALL_REASONS = {
  /** 403: the source address is not in the access list, so no enabled trunk has it. */
  'source-not-allowed': 'The source address belongs to no enabled trunk of this bridge.',
  /** The agent's own look at the same. */
  'unknown-source': 'The source address belongs to no enabled trunk of this bridge.',
  /** Routing refused it, and to which organisation it belongs is not certain; `detail` names routing's reason. */
  'not-routed': 'The call reached routing and was not routed; the detail says why.',
  /** 420; `detail` names the extension. */
  'extension-not-supported': 'The caller requires a SIP extension that the bridge does not support.',
  /** 422 */
  'session-interval-too-small':
    'The caller asks for a session timer (Session-Expires) that is shorter than 120 seconds.',
  /** 480 without an SDP. */
  'offer-missing': 'The INVITE carries no SDP offer, which the bridge needs before it answers.',
  /** 488 and 606 */
  'media-not-acceptable': "No codec or no encryption of the caller's offer can be answered.",
  /** 401 and 407: the bridge has no users; the caller sent credentials, or the profile was changed to ask for them. */
  'authentication-required': 'The bridge asked for credentials.',
  /** 400 and 4xx of a message that could not be read. */
  malformed: 'The INVITE could not be read.',
  /** 503: no agent took the call, or it is full or stopping. */
  'bridge-unavailable': 'The bridge could not take the call at that moment.',
  'refused-by-switch': 'FreeSWITCH refused the call; the SIP status and the detail say why.',
} as const;
export type RefusedCallReason = keyof typeof REFUSED_CALL_REASONS;
export const refusedCallReason = z.enum(
  Object.keys(REFUSED_CALL_REASONS) as [RefusedCallReason, ...RefusedCallReason[]],
);

/** PostgreSQL stores no U+0000, and nobody's terminal shall obey a caller. */
const PRINTABLE = /^[\x20-\x7e]*$/;

const line = z.string().max(512).regex(PRINTABLE);
/** As much of an INVITE as is kept. */
export const MAX_INVITE_TEXT = 4_096;

/** One of the refused INVITEs. Credentials are cut before it is kept. */
export const refusedInvite = z
  .object({
    at: timestamp.describe('When the bridge received it.'),
    request_uri: line.describe('The Request-URI.'),
    to: line.describe('The To header.'),
    from: line.describe('The From header.'),
    sources: z
      .array(
        z.object({
          source: z.enum(CALLED_NUMBER_SOURCES).describe('The header, or the Request-URI.'),
          value: line.describe('What it holds; several lines are joined with a comma.'),
        }),
      )
      .max(CALLED_NUMBER_SOURCES.length)
      .describe('Those of the nine sources of the called number that the INVITE has, in their order.'),
    offer: z
      .array(z.string().max(32).regex(PRINTABLE))
      .max(16)
      .nullable()
      .describe('The codecs of its SDP, in the order of the caller; null: it has no SDP.'),
    text: z
      .string()
      .max(MAX_INVITE_TEXT)
      .nullable()
      .describe(
        'The message with `***` in place of credentials and keys; null: SIP messages are not kept, or no longer.',
      ),
    truncated: z.boolean().describe('Whether the end of the message was cut off.'),
  })
  .meta({ id: 'RefusedInvite' });
export type RefusedInvite = z.infer<typeof refusedInvite>;

/**
 * What a row is counted by: one a source address, called number, reason, minute and bridge, however many calls there
 * were.
 */
const counted = {
  bridge_id: bridgeId.describe('The bridge that refused the calls.'),
  minute: timestamp.describe('The minute.'),
  source_address: z
    .string()
    .max(64)
    .regex(/^[\dA-Fa-f.:]*$/)
    .describe('The address that the calls came from; empty: many addresses, counted together.'),
  called: z
    .string()
    .max(64)
    .regex(PRINTABLE)
    .describe('The user part of the Request-URI; empty: many, counted together.'),
  reason: refusedCallReason.describe('Why, as a constant.'),
  sip_status: z.number().int().min(300).max(699).describe('The SIP status of the answer.'),
};

/**
 * Subject `trunkmesh.refused.<bridge>`. `count` is the whole minute's so far: a later event of the same row replaces an
 * earlier one, and the same one twice is as good as once.
 */
export const callsRefused = occurrence(
  'CallsRefused',
  z.object({
    ...counted,
    numbers: z
      .array(e164)
      .max(4)
      .describe(
        "Full public numbers that the INVITE names, read without anybody's number rules, in the order of " +
          'the nine sources.',
      ),
    users: z
      .array(z.string().max(64).regex(PRINTABLE))
      .max(6)
      .optional()
      .describe(
        'User names that the INVITE gives in its Request-URI, From, Contact or credentials, in lower case. The row ' +
          'is counted by them too. Absent: from an earlier agent.',
      ),
    first_invite: refusedInvite.optional().describe('The first of the INVITEs. Absent: not kept.'),
    last_invite: refusedInvite.optional().describe('The last of the INVITEs so far. Absent: not kept.'),
    detail: z
      .string()
      .max(120)
      .regex(PRINTABLE)
      .nullable()
      .describe('A header of the answer that says more, such as `Unsupported: 100rel`; null: none.'),
    count: z.number().int().positive().describe('How many.'),
    first_at: timestamp.describe('When it was first seen.'),
    last_at: timestamp.describe('When it was last seen.'),
  }),
);
export type CallsRefused = z.infer<typeof callsRefused>;

/** Why a row is shown to its organisation. */
export const refusedCallKnownBy = z.enum(['called-number', 'trunk-user', 'announced-address']);
export type RefusedCallKnownBy = z.infer<typeof refusedCallKnownBy>;

/** As `GET /api/v1/refused-calls` gives it. */
export const refusedCall = z
  .object({
    id: z.string().describe('The row, for `GET /api/v1/refused-calls/{id}`.'),
    ...counted,
    number: e164.nullable().describe('The number that the calls named; null: none of ours.'),
    organization_id: uuid
      .nullable()
      .describe(
        'The organisation of the number, or else of the trunk that the calls claim, when they were refused; null: ' +
          "nobody's, which the operator alone sees.",
      ),
    trunk_id: uuid.nullable().describe('The trunk that the calls claim; null: none, or several of the organisation.'),
    known_by: refusedCallKnownBy
      .nullable()
      .describe(
        'Why they are shown to the organisation: they named its number, the user name of its trunk, or came from an ' +
          "address of its trunk. null: nobody's.",
      ),
    message: z.string().describe('What happened and what to do, in a sentence.'),
    detail: z.string().nullable().describe('More about it; null where there is nothing to add.'),
    count: z.number().int().positive().describe('How many.'),
    first_at: timestamp.describe('When it was first seen.'),
    last_at: timestamp.describe('When it was last seen.'),
    invite: refusedInvite
      .omit({ text: true, truncated: true })
      .nullable()
      .describe('What the last of the INVITEs says; null: not kept.'),
  })
  .meta({ id: 'RefusedCall' });
export type RefusedCall = z.infer<typeof refusedCall>;

/** As `GET /api/v1/refused-calls/{id}` gives it. */
export const refusedCallDetail = refusedCall
  .extend({
    first_invite: refusedInvite.nullable().describe('The first of the INVITEs; null: not kept.'),
    last_invite: refusedInvite.nullable().describe('The last of the INVITEs; null: not kept.'),
  })
  .meta({ id: 'RefusedCallDetail' });
export type RefusedCallDetail = z.infer<typeof refusedCallDetail>;
