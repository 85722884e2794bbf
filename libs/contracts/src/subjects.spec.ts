import { describe, expect, it } from '@jest/globals';
import {
  addressSubject,
  callSubject,
  carrierSubject,
  entityOfSubject,
  numberSubject,
  organizationSubject,
  ratePlanSubject,
  trunkSubject,
} from './subjects.js';

describe('subjects', () => {
  it.each([
    ['a dot', 'a.b'],
    ['a wildcard', '*'],
    ['a full wildcard', '>'],
    ['a space', 'a b'],
    ['a line break', 'a\r\nPUB x'],
    ['nothing', ''],
  ])('refuses a token with %s', (_case, token) => {
    expect(() => organizationSubject(token)).toThrow(TypeError);
    expect(() => trunkSubject('org', token)).toThrow(TypeError);
    expect(() => callSubject(token, 'call')).toThrow(TypeError);
  });

  it('reads back the entity that a subject names', () => {
    expect(entityOfSubject(numberSubject('org', '+15551234567'))).toEqual({
      kind: 'number',
      org: 'org',
      number: '+15551234567',
    });
    expect(entityOfSubject(trunkSubject('org', 'id'))).toEqual({ kind: 'trunk', org: 'org', trunk: 'id' });
    expect(entityOfSubject(organizationSubject('org'))).toEqual({ kind: 'organization', org: 'org' });
    expect(entityOfSubject(ratePlanSubject('org', '2026-12-01T00:00:00.000Z'))).toEqual({
      kind: 'rate-plan',
      org: 'org',
      effectiveFrom: '2026-12-01T00:00:00.000Z',
    });
    expect(entityOfSubject(carrierSubject('c1'))).toEqual({ kind: 'carrier', carrier: 'c1' });
    expect(entityOfSubject('trunkmesh.bridge.b1')).toEqual({ kind: 'bridge', bridge: 'b1' });
  });

  it.each(['203.0.113.20/32', '0.0.0.0/0', '2001:db8::1/128', '::1/128', '1:2:3::/48', '2001:db8:1:2:3:4:5:6/128'])(
    'carries the network %s and gives it back',
    (network) => {
      expect(entityOfSubject(addressSubject('org', network))).toEqual({ kind: 'address', org: 'org', network });
    },
  );

  it.each(['trunkmesh.call.org.id', 'other.org.x.organization', 'trunkmesh.org.x.unheard.y', 'trunkmesh.org.x.trunk'])(
    'knows no entity in %s',
    (subject) => {
      expect(entityOfSubject(subject)).toBeUndefined();
    },
  );
});
