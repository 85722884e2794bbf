import { daysFilter, type Days } from '../../days.js';
import type { components } from '../../generated/api.js';
import { words } from '../../format.js';

type Entry = components['schemas']['HistoryEntry'];
export type HistoryKind = Entry['entity']['kind'];

/** What may be looked for; the words are those of the API. */
const KINDS: Readonly<Record<HistoryKind, string>> = {
  organization: 'Organisation',
  trunk: 'Trunks',
  number: 'Numbers',
  address: 'Addresses',
  'rate-plan': 'Rate plans',
  'api-key': 'API keys',
  'notification-channel': 'Channels of notifications',
  'notification-rule': 'Rules of notifications',
};
export const KIND_CHOICES: readonly (readonly [string, string])[] = [['', 'Everything'], ...Object.entries(KINDS)];

export interface HistoryView extends Days {
  kind: string;
  /** Of one entity, with its kind: its id, or of a number the phone number. */
  id: string;
  /** An API key's id, or another actor as the API names it; empty: anybody. */
  by: string;
}

/** The API's filter for what the view shows. */
export function historyFilter({ kind, id, by, ...days }: HistoryView) {
  const entity = Object.keys(KINDS).find((each): each is HistoryKind => each === kind);
  return {
    ...(entity === undefined ? {} : { entity }),
    ...(entity === undefined || id.trim() === '' ? {} : { entity_id: id.trim() }),
    ...(by === '' ? {} : { actor: by }),
    ...daysFilter(days),
  };
}

/** `TrunkCredentialsChanged` as `Trunk credentials changed`, of whatever types the service has. */
export const eventText = (type: string): string =>
  spelled(type.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));

const spelled = (text: string): string => text.replace(/^api\b/i, 'API');

/** Who did it, and from where. */
export function actorText({ kind, key_name, address }: Entry['actor']): string {
  const from = address === null ? '' : ` from ${address}`;
  switch (kind) {
    case 'api-key':
      return `${key_name === null ? 'a key that was deleted' : `the key ${key_name}`}${from}`;
    case 'operator':
      return `the operator${from}`;
    case 'system':
      return 'the service itself';
    case 'unknown':
      return `somebody unknown${from}`;
  }
}

const shown = (value: unknown) => (value === null || value === undefined ? 'none' : JSON.stringify(value));

/** Each field that differs, before and after. */
export const changesText = (changes: Entry['changes']): string =>
  changes.map(({ field, before, after }) => `${field}: ${shown(before)} → ${shown(after)}`).join('; ');

/** What was changed, by its name where it has one. */
export const entityText = ({ kind, id, name }: Entry['entity']): string =>
  `${spelled(words(kind))} ${name ?? id}${kind === 'number' && name !== null ? ` (${id})` : ''}`;

/** The view of one entity's history. */
export const historyOf = (kind: HistoryKind, id: string): string =>
  `/settings/history?${new URLSearchParams({ kind, id }).toString()}`;
