import type { FieldGroup, Values } from '../../form/fields.js';

const INHERITED = [
  ['', 'As the organisation'],
  ['true', 'Yes'],
  ['false', 'No'],
] as const;

/** Everything of a number that an admin may change. */
export const NUMBER_FIELDS: readonly FieldGroup[] = [
  {
    title: 'Who carries it, who answers',
    fields: [
      { name: 'sip_trunk_id', label: 'Calls come over', kind: 'trunk' },
      {
        name: 'assistant_id',
        label: 'Assistant',
        kind: 'number',
        hint: 'The id of the assistant that answers, from your platform. Empty where a flow answers.',
      },
      { name: 'flow_id', label: 'Flow', kind: 'number', hint: 'The id of the flow. Empty where an assistant answers.' },
      { name: 'friendly_name', label: 'Name', kind: 'text', hint: 'For people.' },
      { name: 'is_active', label: 'Active', kind: 'yes-no', hint: 'No: calls for it are refused.' },
      {
        name: 'allowed_country_codes',
        label: 'Countries that may call it',
        kind: 'list',
        hint: 'Two letters each. Empty: any.',
        placeholder: 'PH, US',
      },
      { name: 'is_verified_caller_id', label: 'May be shown as the caller', kind: 'yes-no' },
      { name: 'provider', label: 'Provider', kind: 'text', hint: 'A label for the carrier.' },
      { name: 'capabilities', label: 'Can do', kind: 'flags', placeholder: 'voice' },
    ],
  },
  {
    title: 'The call, where it differs from the organisation',
    fields: [
      { name: 'media_url', label: 'Media stream', kind: 'text', hint: 'wss://… Empty: as the organisation.' },
      {
        name: 'prewarm_url',
        label: 'Prewarm',
        kind: 'text',
        hint: 'Informed while it rings. Empty: as the organisation.',
      },
      { name: 'status_url', label: 'Status', kind: 'text', hint: 'Informed of changes. Empty: as the organisation.' },
      {
        name: 'signing_secret',
        label: 'New signing secret',
        kind: 'secret',
        hint: 'Empty: the stored one stays. It is never shown.',
        removal:
          'What calls of this number send to the platform is signed with the secret of the organisation from then ' +
          'on, or with none.',
      },
      {
        name: 'answer_deadline_ms',
        label: 'Milliseconds until the stream must be connected',
        kind: 'number',
        hint: 'Empty: as the organisation.',
      },
      { name: 'max_call_seconds', label: 'Longest call, seconds', kind: 'number', hint: 'Empty: as the organisation.' },
      { name: 'record', label: 'Record answered calls', kind: 'yes-no', options: INHERITED },
      { name: 'keep_sip_messages', label: 'Keep SIP messages for 7 days', kind: 'yes-no', options: INHERITED },
    ],
  },
];

interface Target {
  id: number;
}

/** A number as its form shows it: the ids of who answers. */
export const numberValues = (number: { assistant: Target | null; flow: Target | null }): Values => ({
  ...number,
  assistant_id: number.assistant?.id ?? null,
  flow_id: number.flow?.id ?? null,
});
