import { carrierEntry, filledEntries, trunkPreset, TRUNK_PRESET_IDS } from '@trunkmesh/contracts/trunk-preset.js';
import { TRUNK_PRESETS } from '@trunkmesh/contracts/trunk-presets.js';
import { z } from 'zod';

export const trunkPresetView = trunkPreset
  .extend({
    settings: z
      .record(z.string(), z.unknown())
      .describe('The settings that the preset gives, by field of a trunk. What the request has goes before them.'),
    carrier_side: z
      .array(
        carrierEntry
          .extend({
            values: z
              .array(z.string())
              .describe('The template filled in for each of your bridges. Empty: no bridge is known yet.'),
          })
          .meta({ id: 'FilledCarrierEntry', description: 'What to enter at the carrier or PBX, for your bridges.' }),
      )
      .describe('What you enter at the carrier or PBX.'),
  })
  .meta({ id: 'TrunkPreset', description: 'What a known carrier or PBX requires of a trunk.' });
export type TrunkPresetView = z.infer<typeof trunkPresetView>;

export const presetViews = (bridges: readonly { host: string; addresses: readonly string[] }[]): TrunkPresetView[] =>
  TRUNK_PRESET_IDS.map((id) => {
    const preset = TRUNK_PRESETS[id];
    const carrier_side = preset.carrier_side.map((entry) => ({
      ...entry,
      values: filledEntries(entry.template, bridges),
    }));
    return { id, ...preset, settings: { ...preset.settings }, carrier_side };
  });
