import { describe, expect, it } from '@jest/globals';
import { fieldLabel, missingFields, trunkOf, type Preset } from './draft.js';

const preset: Preset = {
  id: 'generic-address',
  name: 'Another',
  kind: 'by-address',
  gateway_suffix: null,
  settings: { transport: 'tcp' },
  fields: [{ field: 'gateway', required: true, hint: '', example: '' }],
  carrier_side: [],
  notes: [],
  confirmed: true,
};

describe('a trunk of the wizard', () => {
  it('has the settings of the preset and what was entered; what is empty is left out', () =>
    expect(
      trunkOf(preset, {
        name: ' Office ',
        gateway: '192.0.2.1',
        inbound_addresses: '192.0.2.2, 192.0.2.3',
        username: '',
      }),
    ).toEqual({
      provider: 'generic-address',
      register: false,
      transport: 'tcp',
      name: 'Office',
      gateway: '192.0.2.1',
      inbound_addresses: ['192.0.2.2', '192.0.2.3'],
    }));

  it("completes the carrier's host name", () => {
    const suffixed = { ...preset, gateway_suffix: '.sip.example.com' };
    expect(trunkOf(suffixed, { gateway: 'acme' }).gateway).toBe('acme.sip.example.com');
    expect(trunkOf(suffixed, { gateway: 'acme.sip.example.com' }).gateway).toBe('acme.sip.example.com');
  });

  it('says what is missing', () => expect(missingFields(preset, { name: 'Office' })).toEqual(['gateway']));
  it('names fields in words', () => expect(fieldLabel('auth_username')).toBe('Auth username'));
});
