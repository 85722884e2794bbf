import { z } from 'zod';
import { trunkSettings } from './trunk.js';

/** The carriers and PBXs whose requirements are known. */
export const TRUNK_PRESET_IDS = [
  'twilio',
  'telnyx',
  'bandwidth',
  'plivo',
  'vonage',
  'didww',
  'voipms',
  'zadarma',
  'sipgate',
  'freepbx',
  '3cx',
  'asterisk',
  'generic-registration',
  'generic-address',
] as const;
export const trunkPresetId = z.enum(TRUNK_PRESET_IDS);
export type TrunkPresetId = z.infer<typeof trunkPresetId>;

/** A field of a new trunk that the customer fills in. */
export const presetField = z
  .object({
    field: z.string().describe('The field of the trunk; `headers/NAME` is the header of that name.'),
    required: z.boolean().describe('Whether the trunk cannot work without it.'),
    hint: z.string().describe('What to enter, and where the carrier or PBX shows it.'),
    example: z.string().describe('What it looks like.'),
  })
  .meta({ id: 'TrunkPresetField', description: 'A field that the customer fills in.' });

/** What is entered at the carrier. The variables of a template are `{{host}}` and `{{address}}` of a bridge. */
export const carrierEntry = z
  .object({
    where: z.string().describe('The place at the carrier or PBX, in its own words.'),
    template: z
      .string()
      .describe('What to enter there. `{{host}}`: the host of a bridge, `{{address}}`: one of its addresses.'),
    hint: z.string().nullable().describe('What to know about it; null: nothing more.'),
  })
  .meta({ id: 'CarrierEntry', description: 'What to enter at the carrier or PBX.' });

export const trunkPreset = z
  .object({
    id: trunkPresetId.describe('What `preset` of a new trunk names.'),
    name: z.string().describe('The name of the carrier or PBX.'),
    kind: z
      .enum(['registration', 'by-address'])
      .describe(
        '`registration`: the bridge registers there. `by-address`: the carrier knows the bridge by its address.',
      ),
    gateway_suffix: z
      .string()
      .nullable()
      .describe('Put after a `gateway` that has no dot; null: the gateway is taken as it is written.'),
    settings: trunkSettings
      .omit({ name: true })
      .partial()
      .describe('The settings that the preset gives. What the request has goes before it.'),
    fields: z.array(presetField).describe('What the customer fills in.'),
    carrier_side: z.array(carrierEntry).describe('What the customer enters at the carrier or PBX.'),
    notes: z.array(z.string()).describe('What else to know.'),
    confirmed: z
      .boolean()
      .describe("Whether all of this is in the carrier's own documents. false: check the settings with the carrier."),
  })
  .describe('What a known carrier or PBX requires of a trunk.');

/** As the tables hold it: what a preset says, without the defaults of the settings that it leaves alone. */
export interface TrunkPreset extends Omit<z.input<typeof trunkPreset>, 'id' | 'settings'> {
  settings: Omit<z.input<typeof trunkSettings>, 'name' | 'gateway'> & { gateway?: string };
}

const VARIABLE = /\{\{(host|address)\}\}/g;

/** The entry for each bridge, and where it names an address for each of the bridge's addresses. */
export function filledEntries(
  template: string,
  bridges: readonly { host: string; addresses: readonly string[] }[],
): string[] {
  const values = bridges.flatMap(({ host, addresses }) =>
    (template.includes('{{address}}') ? addresses : ['']).map((address) =>
      template.replace(VARIABLE, (_match, name: string) => (name === 'host' ? host : address)),
    ),
  );
  return [...new Set(values)];
}
