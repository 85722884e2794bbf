import type { GatewaySetting, TrunkState } from '@trunkmesh/contracts/trunk.js';

/**
 * The settings whose text comes from people and is written as they wrote it. The others are numbers, one of a fixed
 * set, or, as `gateway`, checked by their own parser.
 */
const HOLDS_TEXT: Record<GatewaySetting, boolean> = {
  username: true,
  auth_username: true,
  realm: true,
  from_domain: true,
  headers: true,
  gateway: false,
  register: false,
  transport: false,
  srtp: false,
  expires_seconds: false,
  ping_seconds: false,
  codecs: false,
  outbound_proxy: false,
};
const TEXT_SETTINGS = (Object.keys(HOLDS_TEXT) as GatewaySetting[]).filter((setting) => HOLDS_TEXT[setting]);

/** Each text with the place where the organisation's admin finds it, for example `headers/X-Customer`. */
export const textsOf = (trunk: TrunkState): [path: string, text: string][] =>
  TEXT_SETTINGS.flatMap((setting) => textsIn(setting, trunk[setting]));

function textsIn(path: string, value: TrunkState[GatewaySetting] | undefined): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsIn(`${path}/${key}`, inner));
}
