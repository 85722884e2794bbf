import { z } from 'zod';
import { occurrence } from './envelope.js';
import { bridgeId, e164, timestamp, uuid } from './scalar.js';

/**
 * Why a bridge refused a call that is in no call log: FreeSWITCH itself did, before it asked anybody, or the call
 * belonged to no organisation. One word each; the SIP status
 * that went out stands beside it.
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

/**
 * What a row is counted by: one a source address, called number, reason, minute and bridge, however many calls there
 * were.
 */
const counted = {
  bridge_id: bridgeId,
  /** Of `time` the minute. */
  minute: timestamp,
  /** As FreeSWITCH saw it; empty: of many addresses, whose rows would have been too many for one minute. */
  source_address: z
    .string()
    .max(64)
    .regex(/^[\dA-Fa-f.:]*$/),
  /** The Request-URI's user, as it came; empty: of many, as above. */
  called: z.string().max(64).regex(PRINTABLE),
  reason: refusedCallReason,
  sip_status: z.number().int().min(300).max(699),
};

/**
 * Subject `trunkmesh.refused.<bridge>`. `count` is the whole minute's so far: a later event of the same row replaces an
 * earlier one, and the same one twice is as good as once.
 */
export const callsRefused = occurrence(
  'CallsRefused',
  z.object({
    ...counted,
    /**
     * Full public numbers that the INVITE names, read without anybody's number rules, in the order of the nine sources.
     */
    numbers: z.array(e164).max(4),
    /** A header of the answer that says more, such as `Unsupported: 100rel`. */
    detail: z.string().max(120).regex(PRINTABLE).nullable(),
    count: z.number().int().positive(),
    first_at: timestamp,
    last_at: timestamp,
  }),
);
export type CallsRefused = z.infer<typeof callsRefused>;

/** As `GET /api/v1/refused-calls` gives it. */
export const refusedCall = z.object({
  ...counted,
  /** The number that it is listed for; null: it named no number of ours. */
  number: e164.nullable(),
  /** Of the number when the calls were refused; null: nobody's, which the operator alone sees. */
  organization_id: uuid.nullable(),
  message: z.string(),
  detail: z.string().nullable(),
  count: z.number().int().positive(),
  first_at: timestamp,
  last_at: timestamp,
});
export type RefusedCall = z.infer<typeof refusedCall>;
