import { describe, expect, it } from '@jest/globals';
import { filledEntries, trunkPreset, TRUNK_PRESET_IDS } from './trunk-preset.js';
import { TRUNK_PRESETS } from './trunk-presets.js';
import { trunkSettings } from './trunk.js';

describe.each(TRUNK_PRESET_IDS)('the preset %s', (id) => {
  const preset = TRUNK_PRESETS[id];

  it('is whole, and its kind is what its settings do', () => {
    expect(trunkPreset.parse({ id, ...preset })).toMatchObject({ id, name: preset.name });
    expect(preset.settings.register ?? true).toBe(preset.kind === 'registration');
  });

  it('asks for fields that a trunk has, and for the gateway where it has none itself', () => {
    const asked = preset.fields.map(({ field }) => field.split('/')[0]!);
    const known = [...Object.keys(trunkSettings.shape), 'password'];
    expect(asked.filter((field) => !known.includes(field))).toEqual([]);
    expect(asked.includes('gateway')).toBe(preset.settings.gateway === undefined);
    if (preset.kind === 'registration') expect(asked).toEqual(expect.arrayContaining(['username', 'password']));
  });

  it('names nothing but the host and the address of a bridge in what is entered at the carrier', () => {
    const bridges = [{ host: 'bridge.example.com', addresses: ['192.0.2.1', '192.0.2.2'] }];
    for (const { template } of preset.carrier_side)
      for (const value of filledEntries(template, bridges)) expect(value).not.toMatch(/\{\{|undefined/);
  });
});

describe('what is entered at the carrier', () => {
  it('is said for each bridge, and for each address where an address is entered', () => {
    const bridges = [
      { host: 'one.example.com', addresses: ['192.0.2.1', '192.0.2.2'] },
      { host: 'two.example.com', addresses: [] },
    ];
    expect(filledEntries('sip:{{host}}', bridges)).toEqual(['sip:one.example.com', 'sip:two.example.com']);
    expect(filledEntries('{{address}}/32', bridges)).toEqual(['192.0.2.1/32', '192.0.2.2/32']);
    expect(filledEntries('None', bridges)).toEqual(['None']);
    expect(filledEntries('sip:{{host}}', [])).toEqual([]);
  });
});
