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

const HEADER = 'headers/';
const LISTS: ReadonlySet<string> = new Set(['inbound_addresses', 'outbound_country_codes']);

/** What neither the URL nor the browser's storage may hold: a header's value may be a token. */
export const isSecret = (field: string): boolean => field === 'password' || field.startsWith(HEADER);

/** What was entered of secrets, and for which preset: none of it is another carrier's. */
export interface Secrets {
  carrier: string;
  values: Draft;
}
export const NO_SECRETS: Secrets = { carrier: '', values: {} };

export const secretsOf = ({ carrier, values }: Secrets, wanted: string): Draft => (carrier === wanted ? values : {});

export const withSecret = (secrets: Secrets, carrier: string, entered: Draft): Secrets => ({
  carrier,
  values: { ...secretsOf(secrets, carrier), ...entered },
});

const gatewayOf = (text: string, { gateway_suffix }: Pick<Preset, 'gateway_suffix'>) =>
  gateway_suffix === null || text.includes('.') ? text : `${text}${gateway_suffix}`;

/** The trunk that the wizard tests, and saves at its last step: the preset's settings, and what was entered. */
export function trunkOf(preset: Pick<Preset, 'settings' | 'kind' | 'gateway_suffix' | 'id'>, draft: Draft): TrunkInput {
  const entered = Object.entries(draft)
    .map(([field, text]) => [field, text.trim()] as const)
    .filter(([, text]) => text !== '')
    .map(([field, text]) => [field, LISTS.has(field) ? listOf(text) : text] as const);
  const headers = entered
    .filter(([field]) => field.startsWith(HEADER))
    .map(([field, text]) => [field.slice(HEADER.length), text] as const);
  const given = preset.settings['headers'] as Record<string, string> | undefined;
  const trunk = {
    register: preset.kind === 'registration',
    ...preset.settings,
    ...Object.fromEntries(entered.filter(([field]) => !field.startsWith(HEADER))),
    ...(headers.length === 0 ? {} : { headers: { ...given, ...Object.fromEntries(headers) } }),
  };
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

/** What the URL holds of the draft; a secret in it is not read. */
export const draftFrom = (preset: Pick<Preset, 'fields'>, view: (name: string) => string): Draft =>
  Object.fromEntries(
    ['name', ...preset.fields.map(({ field }) => field)]
      .filter((field) => !isSecret(field))
      .map((field) => [field, view(field)]),
  );

export type Step = 0 | 1 | 2 | 3;

/** Where the wizard is. After a reload the secrets are gone, so the test waits until they are entered again. */
export function stepOf(at: { isChosen: boolean; isTesting: boolean; missing: number; isSaved: boolean }): Step {
  if (at.isSaved) return 3;
  if (!at.isChosen) return 0;
  return at.isTesting && at.missing === 0 ? 2 : 1;
}
