import { numberState, numberTarget, type NumberState, type NumberTarget } from '@trunkmesh/contracts/number.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { settingFields, settingsView, shownSettings, wantedSettings } from '../call-settings/call-settings-input.js';
import {
  patchedSettings,
  replacedSettings,
  type SealSecret,
  type WantedSettings,
} from '../call-settings/call-settings.js';
import { countryCodes } from '../http/country.js';
import type { AddressPolicy } from '../network/address-policy.js';
import { parsePhoneNumber } from './e164-input.js';
import { NEW_NUMBER, PLAIN_FIELDS, type NumberFields } from './number.js';

export const phoneNumber = z.string().transform((text, context) => {
  const parsed = parsePhoneNumber(text);
  if (parsed.ok) return parsed.number;
  context.addIssue({ code: 'custom', message: parsed.message });
  return z.NEVER;
});

/** Clients clear a trunk with an empty string as well as with null. */
const trunkId = z
  .string()
  .transform((text, context) => {
    if (text.trim() === '') return null;
    if (z.uuid().safeParse(text).success) return text.toLowerCase();
    context.addIssue({ code: 'custom', message: 'must be a trunk\'s id (a UUID), or "" or null for none' });
    return z.NEVER;
  })
  .nullable();

const targetId = numberTarget.shape.id;
const targetObject = z.object({
  id: targetId.describe('The id.'),
  name: numberTarget.shape.name.optional().describe('The name.'),
  is_active: z.boolean().optional().describe('False: calls for it are refused.'),
});

/**
 * What may be set, all optional. A client that sends back what it read is understood: `assistant` and `flow` as in
 * answers, and what is read-only is not looked at.
 */
const fieldsOf = (policy: AddressPolicy) =>
  z
    .strictObject({
      friendly_name: printable(200).nullable().describe('A name for people.'),
      provider: printable(100).nullable().describe('A free label for the carrier.'),
      is_active: z.boolean().describe('False: calls for it are refused.'),
      sip_trunk_id: trunkId.describe('The trunk that the number is assigned to; null: none.'),
      allowed_country_codes: countryCodes
        .nullable()
        .describe('The countries that may call this number (ISO 3166-1 alpha-2); null: any.'),
      is_verified_caller_id: z
        .boolean()
        .describe(
          'Whether the number may be shown as the caller though it is inactive. Only the operator sets it true.',
        ),
      capabilities: z
        .record(printable(40).min(1), z.boolean())
        .refine((all) => Object.keys(all).length <= 20, 'must not have more than 20 entries')
        .describe('What the number can do, by name.'),
      assistant_id: targetId.nullable().describe('The assistant; null where a flow takes the call.'),
      flow_id: targetId.nullable().describe('The flow; null where an assistant takes the call.'),
      assistant: targetObject.nullable().describe('The assistant that takes the calls; null: none.'),
      flow: targetObject.nullable().describe('The flow that takes the calls; null: none.'),
      ...settingFields(policy),
      id: z.unknown().describe('Read-only: what was read may be sent back.'),
      organization_id: z.unknown().describe('Read-only: what was read may be sent back.'),
      proof: z.unknown().describe('Read-only: what was read may be sent back.'),
      claimed_until: z.unknown().describe('Read-only: what was read may be sent back.'),
      created_at: z.unknown().describe('Read-only: what was read may be sent back.'),
      updated_at: z.unknown().describe('Read-only: what was read may be sent back.'),
    })
    .partial();

type RawFields = z.infer<ReturnType<typeof fieldsOf>>;

/** Which way calls to a number go: to this one, to none, or (`clear` of the other kind) wherever they went. */
export type TargetInput = { kind: NumberTarget['kind']; id: number; name?: string | null; is_active?: boolean };
export interface NumberInput extends Partial<Omit<NumberFields, 'target' | 'call_settings'>> {
  set_target?: TargetInput;
  clear_target?: NumberTarget['kind'][];
  settings?: WantedSettings;
}

type Chosen = { set: TargetInput } | { clear: NumberTarget['kind'] } | undefined;

function chosen(kind: NumberTarget['kind'], raw: RawFields, context: z.RefinementCtx): Chosen {
  const id = raw[`${kind}_id`];
  const object = raw[kind];
  if (id === undefined && object === undefined) return undefined;
  if (id !== undefined && object !== undefined && (object?.id ?? null) !== id) {
    context.addIssue({
      code: 'custom',
      path: [`${kind}_id`],
      message: `does not agree with "${kind}"; give one of them`,
    });
  }
  if (id) return { set: { kind, id, ...object } };
  return object ? { set: { kind, ...object } } : { clear: kind };
}

function targets(raw: RawFields, context: z.RefinementCtx): Pick<NumberInput, 'set_target' | 'clear_target'> {
  const both = (['assistant', 'flow'] as const)
    .map((kind) => chosen(kind, raw, context))
    .filter((each) => each !== undefined);
  const set = both.filter((each) => 'set' in each).map((each) => each.set);
  const clear = both.filter((each) => 'clear' in each).map((each) => each.clear);
  if (set.length > 1)
    context.addIssue({
      code: 'custom',
      path: ['flow_id'],
      message: 'a number leads to an assistant or to a flow, not to both: give assistant_id or flow_id',
    });
  return { ...(set[0] ? { set_target: set[0] } : {}), ...(clear.length > 0 ? { clear_target: clear } : {}) };
}

function toInput(raw: RawFields, context: z.RefinementCtx): NumberInput {
  const plain = Object.fromEntries(
    PLAIN_FIELDS.filter((field) => raw[field] !== undefined).map((field) => [field, raw[field]]),
  );
  const settings = wantedSettings(raw);
  return { ...plain, ...targets(raw, context), ...(settings === undefined ? {} : { settings }) };
}

/** What a request may hold, by what the installation allows as the host of a URL. */
export function numberSchemas(policy: AddressPolicy) {
  const fields = fieldsOf(policy);
  return {
    create: fields
      .extend({ phone_number: phoneNumber.describe('The phone number in E.164.') })
      .transform((raw, context) => ({ phone_number: raw.phone_number, ...toInput(raw, context) })),
    /** PUT and PATCH: the number itself may be repeated, but not changed. */
    change: fields
      .extend({ phone_number: phoneNumber.optional().describe('The phone number in E.164.') })
      .transform((raw, context): NumberInput & { phone_number?: string } => ({
        ...(raw.phone_number ? { phone_number: raw.phone_number } : {}),
        ...toInput(raw, context),
      })),
    /**
     * A number among many (import, sync of an organisation): its trunk may be named by id or, in `sip_trunk`, by name.
     */
    entry: fields
      .extend({
        phone_number: phoneNumber.describe('The phone number in E.164.'),
        sip_trunk: printable(100).nullable().optional().describe('The trunk, by its name or id.'),
      })
      .transform(({ sip_trunk, ...raw }, context) => {
        if (sip_trunk && raw.sip_trunk_id)
          context.addIssue({
            code: 'custom',
            path: ['sip_trunk'],
            message: 'names the trunk a second time: give sip_trunk_id or sip_trunk',
          });
        return { phone_number: raw.phone_number, ...(sip_trunk ? { sip_trunk } : {}), ...toInput(raw, context) };
      }),
  };
}

/** As they are described; what the installation allows is not the description's business. */
export const NUMBER_SCHEMAS = numberSchemas({ allowPrivate: false });

/** The platform's `PATCH …/assistants/organization/phone-numbers/{id}`. */
export const assignNumber = fieldsOf({ allowPrivate: false })
  .pick({ sip_trunk_id: true, assistant_id: true, flow_id: true, assistant: true, flow: true })
  .strict()
  .transform(toInput)
  .meta({ id: 'PhoneNumberAssignment' });

export type NumberSchemas = ReturnType<typeof numberSchemas>;
export type CreateNumber = z.infer<NumberSchemas['create']>;
export type NumberEntry = z.infer<NumberSchemas['entry']>;

/** The fields of a new number with this id; what was not given has its default. */
export function newFields(input: NumberInput, id: string, seal: SealSecret): NumberFields {
  const { set_target, clear_target: _, settings, ...given } = input;
  return {
    ...NEW_NUMBER,
    ...given,
    target: set_target ? target(set_target, null) : null,
    ...(settings ? { call_settings: patchedSettings(settings, { id }, seal) } : {}),
  };
}

/** PATCH: what was given changes. */
export function patchFields(input: NumberInput, before: NumberState, seal: SealSecret): Partial<NumberFields> {
  const { set_target, clear_target, settings, ...rest } = input;
  const given = settings ? { ...rest, call_settings: patchedSettings(settings, before, seal) } : rest;
  if (set_target) return { ...given, target: target(set_target, before.target) };
  return before.target && clear_target?.includes(before.target.kind) ? { ...given, target: null } : given;
}

/** PUT: what was not given goes back to its default; a secret that was not given stays. */
export function putFields(
  { settings = {}, ...input }: NumberInput,
  before: NumberState,
  seal: SealSecret,
): NumberFields {
  return {
    ...newFields(input, before.id, seal),
    target: input.set_target ? target(input.set_target, before.target) : null,
    call_settings: replacedSettings(settings, before, seal),
  };
}

/** What the platform once said of the assistant stays known while the number keeps leading to it. */
function target({ kind, id, name, is_active }: TargetInput, before: NumberTarget | null): NumberTarget {
  const known = before?.kind === kind && before.id === id ? before : { name: null, is_active: true };
  return { kind, id, name: name === undefined ? known.name : name, is_active: is_active ?? known.is_active };
}

/** The object of the API: the target under its kind's name, the call settings flat and without the secret. */
export function presentNumber(state: NumberState) {
  const { target: to, call_settings, ...rest } = state;
  const named = to && { id: to.id, name: to.name, is_active: to.is_active };
  // A literal of two spreads takes several times as long in V8.
  return Object.assign({}, rest, shownSettings(call_settings), {
    assistant: to?.kind === 'assistant' ? named : null,
    flow: to?.kind === 'flow' ? named : null,
  });
}

const namedTarget = numberTarget.omit({ kind: true }).nullable();
/** What `presentNumber` makes. */
export const numberView = numberState
  .omit({ target: true, call_settings: true })
  .extend({
    ...settingsView,
    assistant: namedTarget.describe('The assistant that takes the calls; null: none.'),
    flow: namedTarget.describe('The flow that takes the calls; null: none.'),
    claimed_until: z
      .string()
      .nullable()
      .optional()
      .describe('Another organisation claims the number, until then; only of one number, and null where nobody does.'),
  })
  .meta({ id: 'PhoneNumber' });
