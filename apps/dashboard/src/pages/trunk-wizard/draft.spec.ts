import { describe, expect, it } from '@jest/globals';
import {
  draftFrom,
  fieldLabel,
  isSecret,
  missingFields,
  NO_SECRETS,
  secretsOf,
  stepOf,
  trunkOf,
  withSecret,
  type Preset,
} from './draft.js';

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

  it('puts a header that was entered among the headers', () =>
    expect(trunkOf(preset, { gateway: '192.0.2.1', 'headers/X-Token': 'abc' })).toMatchObject({
      gateway: '192.0.2.1',
      headers: { 'X-Token': 'abc' },
    }));

  it('reads from the URL everything but secrets', () => {
    const fields = ['gateway', 'password', 'headers/X-Token'].map((field) => ({
      field,
      required: true,
      hint: '',
      example: '',
    }));
    expect(draftFrom({ fields }, (name) => `of ${name}`)).toEqual({ name: 'of name', gateway: 'of gateway' });
    expect(['password', 'headers/X-Token', 'username'].map(isSecret)).toEqual([true, true, false]);
  });

  it.each([
    [{ isChosen: false, isTesting: true, missing: 0, isSaved: false }, 0],
    [{ isChosen: true, isTesting: false, missing: 0, isSaved: false }, 1],
    [{ isChosen: true, isTesting: true, missing: 1, isSaved: false }, 1],
    [{ isChosen: true, isTesting: true, missing: 0, isSaved: false }, 2],
    [{ isChosen: true, isTesting: true, missing: 1, isSaved: true }, 3],
  ])('knows its step %#', (at, step) => expect(stepOf(at)).toBe(step));

  it('knows the secrets of one carrier, and gives them to no other', () => {
    const first = withSecret(withSecret(NO_SECRETS, 'one', { password: 'p' }), 'one', { 'headers/X-Token': 't' });
    expect(secretsOf(first, 'one')).toEqual({ password: 'p', 'headers/X-Token': 't' });
    expect(secretsOf(first, 'other')).toEqual({});
    expect(secretsOf(withSecret(first, 'other', { password: 'q' }), 'one')).toEqual({});
  });

  it('says what is missing', () => expect(missingFields(preset, { name: 'Office' })).toEqual(['gateway']));
  it('names fields in words', () => expect(fieldLabel('auth_username')).toBe('Auth username'));
});
