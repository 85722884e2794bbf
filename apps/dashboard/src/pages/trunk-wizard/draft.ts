import type { components } from '../../generated/api.js';

type Schemas = components['schemas'];
export type Preset = Schemas['TrunkPreset'];
export type TrunkInput = Schemas['TrunkInput'];

/** What the reader has entered so far, by the field's name. */
export type Draft = Readonly<Record<string, string>>;

const listOf = (text: string) =>
  text
    .split(/[\s,]+/)
    .map((each) => each.trim())
    .filter((each) => each !== '');

const LISTS: ReadonlySet<string> = new Set(['inbound_addresses', 'outbound_country_codes']);

const gatewayOf = (text: string, { gateway_suffix }: Pick<Preset, 'gateway_suffix'>) =>
  gateway_suffix === null || text.includes('.') ? text : `${text}${gateway_suffix}`;

/** The trunk that the wizard tests, and saves at its last step: the preset's settings, and what was entered. */
export function trunkOf(preset: Pick<Preset, 'settings' | 'kind' | 'gateway_suffix' | 'id'>, draft: Draft): TrunkInput {
  const entered = Object.entries(draft)
    .map(([field, text]) => [field, text.trim()] as const)
    .filter(([, text]) => text !== '')
    .map(([field, text]) => [field, LISTS.has(field) ? listOf(text) : text] as const);
  const trunk = { register: preset.kind === 'registration', ...preset.settings, ...Object.fromEntries(entered) };
  const gateway = gatewayOf(String((trunk as { gateway?: string }).gateway ?? ''), preset);
  return { provider: preset.id, ...trunk, gateway } as TrunkInput;
}

/** The fields that must be filled in and are not. */
export const missingFields = (preset: Pick<Preset, 'fields'>, draft: Draft): string[] =>
  ['name', ...preset.fields.filter(({ required }) => required).map(({ field }) => field)].filter(
    (field) => (draft[field] ?? '').trim() === '',
  );

/** `auth_username` as `Auth username`. */
export function fieldLabel(field: string): string {
  const text = field.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
