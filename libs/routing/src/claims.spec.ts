import { describe, expect, it } from '@jest/globals';
import { parseCidr } from './address.js';
import {
  claimsAfter,
  claimsOf,
  claimsResolved,
  formatNetwork,
  isWide,
  MAX_RESOLVED,
  networkOfAddress,
} from './claims.js';
import { trunk } from './inbound-fixture.js';

const [EARLY, LATE] = ['2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'];
const byAdmin = (at: string) => ({ at, approved: false });
const byOperator = (at: string) => ({ at, approved: true });

describe('the claims of a trunk', () => {
  it('from before claims were recorded are its literal addresses since its creation', () => {
    expect(
      claimsOf(trunk(1, 1, { gateway: '198.51.100.7:5080', inbound_addresses: ['203.0.113.9/24', '198.51.100.7'] })),
    ).toEqual([
      { network: '198.51.100.7/32', via: 'gateway', since: '2026-01-01T00:00:00.000Z' },
      { network: '203.0.113.0/24', via: 'inbound', since: '2026-01-01T00:00:00.000Z' },
    ]);
    expect(claimsOf(trunk(1, 1, { gateway: 'sip.example.com' }))).toEqual([]);
  });

  it('are those of the outbound proxy too, and what its name leads to in place of the name of the gateway', () => {
    const proxied = { gateway: '198.51.100.7', outbound_proxy: '192.0.2.5:5080', inbound_addresses: [] };
    expect(claimsAfter(null, proxied, byAdmin(EARLY)).map(({ network }) => network)).toEqual([
      '198.51.100.7/32',
      '192.0.2.5/32',
    ]);
    const settings = { gateway: 'sip.example.com', inbound_addresses: [] };
    const named = claimsResolved(trunk(1, 1, settings), ['192.0.2.9/32'], EARLY);
    const state = trunk(1, 1, { ...settings, address_claims: named });
    const wanted = { ...settings, outbound_proxy: 'proxy.example.com' };
    expect(claimsAfter(state, wanted, byAdmin(LATE))).toEqual([]);
    const moved = trunk(1, 1, { ...wanted, address_claims: named });
    expect(claimsAfter(moved, { ...wanted, gateway: 'other.example.com' }, byAdmin(LATE))).toEqual(named);
  });

  it('keep their date and approval while they last, and get a new one after they were given up', () => {
    const first = claimsAfter(
      null,
      { gateway: '198.51.100.7', inbound_addresses: ['203.0.0.0/16'] },
      byOperator(EARLY),
    );
    const state = trunk(1, 1, { gateway: '198.51.100.7', inbound_addresses: ['203.0.0.0/16'], address_claims: first });
    expect(
      claimsAfter(state, { gateway: '192.0.2.1', inbound_addresses: ['203.0.0.0/16', '198.51.100.7'] }, byAdmin(LATE)),
    ).toEqual([
      { network: '192.0.2.1/32', via: 'gateway', since: LATE },
      { network: '203.0.0.0/16', via: 'inbound', since: EARLY, approved: true },
      { network: '198.51.100.7/32', via: 'inbound', since: EARLY, approved: true },
    ]);
    const without = trunk(1, 1, {
      gateway: '192.0.2.1',
      address_claims: claimsAfter(state, { gateway: '192.0.2.1', inbound_addresses: [] }, byAdmin(LATE)),
    });
    expect(claimsAfter(without, { gateway: '198.51.100.7', inbound_addresses: [] }, byAdmin(LATE))).toEqual([
      { network: '198.51.100.7/32', via: 'gateway', since: LATE },
    ]);
  });

  it('are approved by an operator where he makes them, not where he changes something else', () => {
    const first = claimsAfter(
      null,
      { gateway: 'sip.example.com', inbound_addresses: ['203.0.0.0/16'] },
      byAdmin(EARLY),
    );
    const state = trunk(1, 1, {
      gateway: 'sip.example.com',
      inbound_addresses: ['203.0.0.0/16'],
      address_claims: first,
    });
    expect(
      claimsAfter(
        state,
        { gateway: 'sip.example.com', inbound_addresses: ['203.0.0.0/16', '198.51.0.0/16'] },
        byOperator(LATE),
      ),
    ).toEqual([
      { network: '203.0.0.0/16', via: 'inbound', since: EARLY },
      { network: '198.51.0.0/16', via: 'inbound', since: LATE, approved: true },
    ]);
  });

  it('by a name are dated when the name first led there, and go with the name', () => {
    const named = trunk(1, 1, { gateway: 'sip.example.com', address_claims: [] });
    const once = { ...named, address_claims: claimsResolved(named, ['203.0.113.5/32'], EARLY) };
    const twice = { ...named, address_claims: claimsResolved(once, ['203.0.113.6/32', '203.0.113.5/32'], LATE) };
    expect(twice.address_claims).toEqual([
      { network: '203.0.113.6/32', via: 'name', since: LATE },
      { network: '203.0.113.5/32', via: 'name', since: EARLY },
    ]);
    expect(claimsResolved(twice, ['203.0.113.6/32'], LATE)).toEqual([
      { network: '203.0.113.6/32', via: 'name', since: LATE },
    ]);
    expect(claimsAfter(twice, { gateway: 'sip.example.com', inbound_addresses: [] }, byAdmin(LATE))).toEqual(
      twice.address_claims,
    );
    expect(claimsAfter(twice, { gateway: 'sip.example.com:5080', inbound_addresses: [] }, byAdmin(LATE))).toEqual(
      twice.address_claims,
    );
    expect(claimsAfter(twice, { gateway: 'other.example.com', inbound_addresses: [] }, byAdmin(LATE))).toEqual([]);
    expect(
      claimsResolved(
        named,
        Array.from({ length: 200 }, (_, at) => `203.0.113.${at}/32`),
        EARLY,
      ),
    ).toHaveLength(MAX_RESOLVED);
  });
});

describe('a network', () => {
  it.each([
    ['203.0.113.9/24', '203.0.113.0/24'],
    ['::ffff:203.0.113.9', '203.0.113.9/32'],
    ['2001:DB8:0::9/64', '2001:db8::/64'],
    ['0.0.0.0/0', '0.0.0.0/0'],
  ])('%s is %s', (text, expected) => {
    expect(formatNetwork(parseCidr(text)!)).toBe(expected);
  });

  it.each([
    ['203.0.0.0/23', true],
    ['203.0.113.0/24', false],
    ['2001:db8::/47', true],
    ['2001:db8::/48', false],
  ])('%s is wide: %s', (text, wide) => {
    expect(isWide(parseCidr(text)!)).toBe(wide);
  });

  it('of an address is that address alone', () => {
    expect(networkOfAddress('203.0.113.9')).toBe('203.0.113.9/32');
    expect(networkOfAddress('::ffff:203.0.113.9')).toBe('203.0.113.9/32');
    expect(networkOfAddress('203.0.113.9/24')).toBeUndefined();
    expect(networkOfAddress('sip.example.com')).toBeUndefined();
  });
});
