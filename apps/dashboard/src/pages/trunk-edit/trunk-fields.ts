import type { FieldGroup } from '../../form/fields.js';

const YES_NO_SRTP = [
  ['off', 'Off'],
  ['optional', 'Offered'],
  ['required', 'Required'],
] as const;

/** Every setting of a trunk that an admin may change. */
export const TRUNK_FIELDS: readonly FieldGroup[] = [
  {
    title: 'Connection',
    fields: [
      { name: 'name', label: 'Name', kind: 'text', hint: 'How you call this connection. Unique in the organisation.' },
      { name: 'gateway', label: 'Gateway', kind: 'text', hint: 'The carrier or PBX: a host, or host:port.' },
      {
        name: 'outbound_proxy',
        label: 'Outbound proxy',
        kind: 'text',
        hint: 'Requests go there in place of the gateway. Empty: to the gateway.',
      },
      {
        name: 'register',
        label: 'Connected by',
        kind: 'yes-no',
        options: [
          ['true', 'Registration, with user name and password'],
          ['false', 'Its address'],
        ],
      },
      {
        name: 'transport',
        label: 'Transport',
        kind: 'choice',
        options: [
          ['udp', 'UDP'],
          ['tcp', 'TCP'],
          ['tls', 'TLS'],
        ],
      },
      { name: 'srtp', label: 'Encrypted audio (SRTP)', kind: 'choice', options: YES_NO_SRTP, hint: 'Use TLS with it.' },
      {
        name: 'codecs',
        label: 'Codecs',
        kind: 'list',
        hint: 'PCMU, PCMA or both, in the order in which they are offered.',
      },
      {
        name: 'ping_seconds',
        label: 'Seconds between OPTIONS',
        kind: 'number',
        hint: '5 to 3600. Empty: none, also for a carrier that never answers them.',
      },
    ],
  },
  {
    title: 'Account',
    fields: [
      { name: 'username', label: 'User name', kind: 'text', hint: 'Empty: none.' },
      {
        name: 'password',
        label: 'New password',
        kind: 'secret',
        hint: 'Empty: the stored one stays. It is never shown.',
        removal:
          'The carrier no longer gets a password, and a call that it challenges fails. A trunk that registers needs ' +
          'one.',
      },
      { name: 'auth_username', label: 'Auth user name', kind: 'text', hint: 'Where it differs from the user name.' },
      { name: 'realm', label: 'Realm', kind: 'text', hint: 'Of the digest, where it is not the gateway.' },
      { name: 'from_domain', label: 'From domain', kind: 'text', hint: 'Where it is not the gateway.' },
      { name: 'expires_seconds', label: 'Registration lasts, seconds', kind: 'number', hint: '60 to 86400.' },
    ],
  },
  {
    title: 'Inbound calls',
    fields: [
      {
        name: 'inbound_addresses',
        label: 'Calls may come from',
        kind: 'list',
        hint: 'Addresses or networks beside the gateway’s own.',
        placeholder: '192.0.2.10, 198.51.100.0/24',
      },
      {
        name: 'default_country',
        label: 'Country',
        kind: 'text',
        hint: 'Of numbers without a country code, two letters. Empty: only + numbers are understood.',
      },
      {
        name: 'number_rules',
        label: 'How the carrier writes numbers',
        kind: 'rules',
        hint:
          'One rule a line: inbound or outbound, what the number begins with, how many characters to take off, what ' +
          'to put in front, shortest, longest.',
        placeholder: 'inbound, 00, 2, +',
      },
    ],
  },
  {
    title: 'Outbound calls',
    fields: [
      { name: 'priority', label: 'Priority', kind: 'number', hint: 'A trunk with a lower number is tried first.' },
      { name: 'max_channels', label: 'Calls at once', kind: 'number', hint: 'Empty: no limit.' },
      {
        name: 'max_cps',
        label: 'New calls a second',
        kind: 'number',
        hint: '0.5 is one in two seconds. Empty: no limit.',
      },
      { name: 'queue_seconds', label: 'Seconds that a call waits for its turn', kind: 'number', hint: '0 to 600.' },
      { name: 'queue_length', label: 'Calls that may wait', kind: 'number', hint: '0 to 10000.' },
      {
        name: 'outbound_country_codes',
        label: 'Countries that may be called',
        kind: 'list',
        hint: 'Two letters each. Empty: as the organisation allows.',
        placeholder: 'PH, US',
      },
      { name: 'ring_timeout_seconds', label: 'Seconds that it may ring', kind: 'number', hint: '5 to 180.' },
      {
        name: 'failover_statuses',
        label: 'SIP statuses after which the next trunk is tried',
        kind: 'numbers',
        hint: 'Empty: 408 and every 5xx.',
      },
      {
        name: 'headers',
        label: 'Extra headers',
        kind: 'headers',
        hint: 'One a line; names begin with X- or P-.',
        placeholder: 'X-Account: 42',
      },
    ],
  },
  {
    title: 'Who calls',
    fields: [
      { name: 'identity.from_user', label: 'User of From', kind: 'text', hint: '{{caller_id}} is the number shown.' },
      { name: 'identity.display_name', label: 'Display name', kind: 'text', hint: 'Empty: none.' },
      {
        name: 'identity.number_format',
        label: 'Numbers are written',
        kind: 'choice',
        options: [
          ['e164', 'As +15550100200'],
          ['e164-without-plus', 'Without the plus'],
          ['national', 'As dialled in the country above'],
          ['number-rules', 'By the outbound rules'],
        ],
      },
      { name: 'identity.p_asserted_identity', label: 'Send P-Asserted-Identity', kind: 'yes-no' },
      { name: 'identity.remote_party_id', label: 'Send Remote-Party-ID', kind: 'yes-no' },
      { name: 'identity.diversion', label: 'Number of Diversion', kind: 'text', hint: 'Empty: no such header.' },
      {
        name: 'identity.privacy',
        label: 'Privacy',
        kind: 'choice',
        options: [
          ['none', 'The number is shown'],
          ['id', 'Ask the carrier to withhold it'],
          ['anonymous', 'Anonymous'],
        ],
      },
    ],
  },
  {
    title: 'Label and bridges',
    fields: [
      {
        name: 'provider',
        label: 'Provider',
        kind: 'text',
        hint: 'A label; a known one brings its notes to this page.',
      },
      {
        name: 'bridge_pool',
        label: 'Pool of bridges',
        kind: 'text',
        hint: 'Your platform’s operator says which there are.',
      },
    ],
  },
];

interface PresetHints {
  fields: readonly { field: string; hint: string }[];
}

/** The fields with what the provider's preset says of them, as in the wizard. */
export function trunkFields(preset: PresetHints | undefined): FieldGroup[] {
  const hints = new Map(preset?.fields.map(({ field, hint }) => [field, hint]));
  return TRUNK_FIELDS.map(({ title, fields }) => ({
    title,
    fields: fields.map((field) => {
      const more = hints.get(field.name);
      if (more === undefined || more === '') return field;
      return { ...field, hint: field.kind === 'secret' ? `${more} ${field.hint ?? ''}`.trim() : more };
    }),
  }));
}

/** The field to mend, by the likely cause of a failed registration. */
const FIELD_OF_CAUSE: Readonly<Record<string, string>> = {
  'wrong-credentials': 'password',
  'challenge-not-answered': 'password',
  'host-not-resolved': 'gateway',
  'tls-failed': 'transport',
  'nothing-answers': 'gateway',
  timeout: 'gateway',
  forbidden: 'username',
  'unknown-user': 'username',
  'register-not-taken': 'register',
  'interval-too-brief': 'expires_seconds',
  'transport-not-taken': 'transport',
  moved: 'gateway',
  'ping-down': 'ping_seconds',
};

export const fieldToMend = (cause: string | null): string | undefined =>
  cause === null ? undefined : FIELD_OF_CAUSE[cause];
