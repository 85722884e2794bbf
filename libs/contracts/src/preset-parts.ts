import type { TrunkPreset } from './trunk-preset.js';

export const allowAddress = (where: string): TrunkPreset['carrier_side'][number] => ({
  where,
  template: '{{address}}/32',
  hint: 'The addresses that calls to the carrier come from.',
});
export const callsTo = (
  where: string,
  hint: string | null = null,
  template = 'sip:{{host}}',
): TrunkPreset['carrier_side'][number] => ({ where, template, hint });

export const field = (name: string, hint: string, example: string, required = true): TrunkPreset['fields'][number] => ({
  field: name,
  required,
  hint,
  example,
});
export const inboundAddresses = (who: string): TrunkPreset['fields'][number] =>
  field(
    'inbound_addresses',
    `The addresses that ${who} sends calls from: its list of signalling addresses. Other calls of it are refused.`,
    '192.0.2.10',
    false,
  );
