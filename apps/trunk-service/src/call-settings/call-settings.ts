import { callSettings, type CallSettings } from '@trunkmesh/contracts/call-settings.js';

export const SETTING_NAMES = Object.keys(callSettings.shape) as (keyof CallSettings)[];

/** What a client asks for, the secret in plain text: null clears, what is not there was not said. */
export type WantedSettings = { [Name in keyof CallSettings]?: CallSettings[Name] | null };

/** An organisation or a number, as far as its settings go. */
export interface SettingsOf {
  id: string;
  call_settings?: CallSettings;
}

/** As `sealingWith` of secrets/sealed-secret.process.ts: undefined keeps the present secret, null takes it away. */
export type SealSecret = (
  wanted: string | null | undefined,
  bound: { id: string; sealed: string | null },
) => string | null | undefined;

/** PATCH: what was said changes. Empty: nothing is set. */
export function patchedSettings(
  wanted: WantedSettings,
  { id, call_settings: before = {} }: SettingsOf,
  seal: SealSecret,
): CallSettings {
  const secret = seal(wanted.signing_secret, { id, sealed: before.signing_secret ?? null });
  return sparse({ ...before, ...wanted, signing_secret: secret === undefined ? before.signing_secret : secret });
}

const CLEARED: WantedSettings = {
  media_url: null,
  prewarm_url: null,
  status_url: null,
  answer_deadline_ms: null,
  max_call_seconds: null,
  record: null,
  keep_sip_messages: null,
};

/** PUT: what was not said is cleared; but a secret, which no client can read and send back, stays. */
export const replacedSettings = (wanted: WantedSettings, of: SettingsOf, seal: SealSecret) =>
  patchedSettings({ ...CLEARED, ...wanted }, of, seal);

/** Those that are set, in the order of the contract. */
function sparse(settings: WantedSettings): CallSettings {
  return Object.fromEntries(
    SETTING_NAMES.filter((name) => settings[name] != null).map((name) => [name, settings[name]]),
  );
}

/** Their names, without their values. */
export const changedSettings = (before: CallSettings = {}, after: CallSettings = {}): string[] =>
  SETTING_NAMES.filter((name) => before[name] !== after[name]);

/**
 * The entity's state with these settings. Where nothing is set there is no trace of them: five million numbers have
 * none, and events from before there were any stay what they were.
 */
export function withSettings<State extends { call_settings?: CallSettings; created_at: string; updated_at: string }>(
  state: State,
  settings: CallSettings | undefined,
): State {
  const { call_settings: _before, created_at, updated_at, ...rest } = state;
  // Where the contract has them: routing reads a number's event by the order of its members.
  return {
    ...rest,
    ...(settings === undefined || Object.keys(settings).length === 0 ? {} : { call_settings: settings }),
    created_at,
    updated_at,
  } as State;
}

/** The same secret under another key. Undefined: it is so already, or there is none (any more). */
export function reencryptedSettings<State extends SettingsOf>(
  { call_settings }: State,
  signing_secret: string,
): CallSettings | undefined {
  return call_settings?.signing_secret === undefined || call_settings.signing_secret === signing_secret
    ? undefined
    : { ...call_settings, signing_secret };
}
