import { describe, expect, it } from '@jest/globals';
import { trunkSettings } from '@trunkmesh/contracts/trunk.js';
import { callerIdentity } from '@trunkmesh/contracts/outbound-settings.js';
import { fieldToMend, TRUNK_FIELDS, trunkFields } from './trunk-fields.js';

const names = TRUNK_FIELDS.flatMap(({ fields }) => fields.map(({ name }) => name));

describe('the form of a trunk', () => {
  it('has every setting, and the password', () => {
    const { identity: _identity, ...plain } = trunkSettings.shape;
    const identity = Object.keys(callerIdentity.shape).map((name) => `identity.${name}`);
    expect([...names].sort()).toEqual([...Object.keys(plain), ...identity, 'password'].sort());
  });

  it("shows the hint of the provider's preset, as the wizard does", () => {
    const groups = trunkFields({ fields: [{ field: 'gateway', hint: 'Your SIP domain at the carrier.' }] });
    const fields = groups.flatMap((group) => group.fields);
    expect(fields.find(({ name }) => name === 'gateway')?.hint).toBe('Your SIP domain at the carrier.');
  });

  it('has the field to mend of a cause', () => {
    expect(fieldToMend('wrong-credentials')).toBe('password');
    expect(fieldToMend('carrier-fault')).toBeUndefined();
    expect(fieldToMend(null)).toBeUndefined();
  });
});
