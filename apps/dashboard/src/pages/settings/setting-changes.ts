import { numberOf } from '../../form/values.js';
import type { components } from '../../generated/api.js';

type Organization = components['schemas']['Organization'];
type Change = components['schemas']['OrganizationChange'];
type Special = Organization['outbound_special_numbers'][number];

/** An organisation's settings as the fields of a form hold them; empty: as on the level above. */
export interface Draft {
  name: string;
  time_zone: string;
  media_url: string;
  prewarm_url: string;
  status_url: string;
  answer_deadline_ms: string;
  max_call_seconds: string;
  record: string;
  keep_sip_messages: string;
  /** The organisation's own country; empty: none is named. */
  country: string;
  /** `own`: that country alone, or where none is named that of the calling number. `these`: those of `countries`. */
  outbound: string;
  countries: string;
  outbound_failover: string;
  special: readonly string[];
}

const textOf = (value: string | number | boolean | null) => (value === null ? '' : String(value));

export const draftOf = (organization: Organization): Draft => ({
  name: organization.name,
  time_zone: organization.time_zone,
  media_url: textOf(organization.media_url),
  prewarm_url: textOf(organization.prewarm_url),
  status_url: textOf(organization.status_url),
  answer_deadline_ms: textOf(organization.answer_deadline_ms),
  max_call_seconds: textOf(organization.max_call_seconds),
  record: textOf(organization.record),
  keep_sip_messages: textOf(organization.keep_sip_messages),
  country: textOf(organization.country),
  outbound: organization.outbound_country_codes === null ? 'own' : 'these',
  countries: (organization.outbound_country_codes ?? []).join(', '),
  outbound_failover: organization.outbound_failover,
  special: organization.outbound_special_numbers,
});

const orNull = (text: string) => (text.trim() === '' ? null : text.trim());
const numberOrNull = (text: string) => (text.trim() === '' ? null : numberOf(text));
const choiceOrNull = (text: string) => (text === '' ? null : text === 'true');

const changeOf = (draft: Draft) => ({
  name: draft.name.trim(),
  time_zone: draft.time_zone,
  media_url: orNull(draft.media_url),
  prewarm_url: orNull(draft.prewarm_url),
  status_url: orNull(draft.status_url),
  answer_deadline_ms: numberOrNull(draft.answer_deadline_ms),
  max_call_seconds: numberOrNull(draft.max_call_seconds),
  record: choiceOrNull(draft.record),
  keep_sip_messages: choiceOrNull(draft.keep_sip_messages),
  country: orNull(draft.country.toUpperCase()),
  outbound_country_codes:
    draft.outbound === 'own'
      ? null
      : draft.countries
          .toUpperCase()
          .split(/[\s,;]+/)
          .filter(Boolean),
  outbound_failover: draft.outbound_failover as Organization['outbound_failover'],
  outbound_special_numbers: [...draft.special] as Special[],
});

/** Only what differs: another admin's change of another field stays. */
export function changesBetween(before: Draft, after: Draft): Change {
  const [old, wanted] = [changeOf(before), changeOf(after)];
  const isSame = (name: string) =>
    JSON.stringify(old[name as keyof typeof old]) === JSON.stringify(wanted[name as keyof typeof wanted]);
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => !isSame(name)));
}
