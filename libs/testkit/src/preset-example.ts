import type { TrunkPresetId } from '@trunkmesh/contracts/trunk-preset.js';
import { TRUNK_PRESETS } from '@trunkmesh/contracts/trunk-presets.js';

/** What a customer sends who fills in every field of the preset as its example shows. */
export function presetExample(id: TrunkPresetId): Record<string, unknown> {
  const body: Record<string, unknown> = { name: 'Carrier', preset: id };
  for (const { field, example } of TRUNK_PRESETS[id].fields) {
    const [name, member] = field.split('/') as [string, string | undefined];
    if (member !== undefined) body[name] = { [member]: example };
    else body[name] = name === 'inbound_addresses' ? [example] : example;
  }
  return body;
}
