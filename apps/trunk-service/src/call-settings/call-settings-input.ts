import { callSettings, signingSecret, type CallSettings } from '@trunkmesh/contracts/call-settings.js';
import { z } from 'zod';
import type { AddressPolicy } from '../network/address-policy.js';
import { orNull } from '../http/or-null.js';
import { SETTING_NAMES, type WantedSettings } from './call-settings.js';
import { callUrlProblem } from './call-url.js';

const { shape } = callSettings;
const INHERITS = 'null: as on the level above';

const url = (scheme: 'ws' | 'http', policy: AddressPolicy, description: string) =>
  orNull(
    z
      .string()
      .max(2048, { abort: true })
      .superRefine((text, context) => {
        const message = callUrlProblem(text, scheme, policy);
        if (message !== undefined) context.addIssue({ code: 'custom', message, input: text });
      }),
  ).meta({ description: `${description} ${INHERITS}.` });

const secret = signingSecret
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters')
  // Standard Webhooks asks for 24 bytes; fewer than 16 can be found by trying.
  .refine((text) => !/^whsec_[A-Za-z\d+/=]{4,23}$/.test(text), 'must be the base64 of at least 16 bytes behind whsec_');

/**
 * The settings as they stand, flat, among the other fields of an organisation or a number. An empty string clears as
 * null does.
 */
export const settingFields = (policy: AddressPolicy) => ({
  media_url: url('ws', policy, "The assistant's end of the media stream."),
  prewarm_url: url('http', policy, 'Informed of a call while it rings.'),
  status_url: url('http', policy, "Informed of every change of a call's status."),
  signing_secret: orNull(secret).meta({
    writeOnly: true,
    description: 'Signs what goes to the URLs above. Never shown. Absent: the present one stays. Null removes it.',
  }),
  answer_deadline_ms: shape.answer_deadline_ms
    .unwrap()
    .nullable()
    .meta({
      description:
        `From the INVITE to the connected stream; a call whose assistant takes longer is refused. ` + `${INHERITS}.`,
    }),
  max_call_seconds: shape.max_call_seconds
    .unwrap()
    .nullable()
    .meta({ description: `After so long a call is ended. ${INHERITS}.` }),
  record: shape.record
    .unwrap()
    .nullable()
    .meta({ description: `Record answered calls. ${INHERITS}.` }),
  keep_sip_messages: shape.keep_sip_messages
    .unwrap()
    .nullable()
    .meta({ description: `Keep SIP messages, without credentials, for 7 days. ${INHERITS}; there they are kept.` }),
  has_signing_secret: z.unknown().describe('Read-only: what was read may be sent back.'),
});

/** Undefined: the request says nothing of settings. */
export function wantedSettings(raw: WantedSettings): WantedSettings | undefined {
  const said = SETTING_NAMES.filter((name) => raw[name] !== undefined);
  return said.length === 0 ? undefined : Object.fromEntries(said.map((name) => [name, raw[name]]));
}

/**
 * What a client may see: everything but the secret, whose ciphertext is nobody's business either. All of them are
 * there, null where not set.
 */
export function shownSettings({ signing_secret, ...set }: CallSettings = {}) {
  return { ...NOTHING_SET, ...set, has_signing_secret: signing_secret !== undefined };
}

const NOTHING_SET = {
  media_url: null,
  prewarm_url: null,
  status_url: null,
  answer_deadline_ms: null,
  max_call_seconds: null,
  record: null,
  keep_sip_messages: null,
};

const shown = <Schema extends z.ZodType>(schema: z.ZodOptional<Schema>) =>
  schema
    .unwrap()
    .nullable()
    .describe(`${schema.description ?? schema.unwrap().description} Null: as on the level above.`);

/** What `shownSettings` makes. */
export const settingsView = {
  media_url: shown(shape.media_url),
  prewarm_url: shown(shape.prewarm_url),
  status_url: shown(shape.status_url),
  answer_deadline_ms: shown(shape.answer_deadline_ms),
  max_call_seconds: shown(shape.max_call_seconds),
  record: shown(shape.record),
  keep_sip_messages: shown(shape.keep_sip_messages),
  has_signing_secret: z.boolean().describe('Whether a signing secret is stored. It is never shown.'),
};
