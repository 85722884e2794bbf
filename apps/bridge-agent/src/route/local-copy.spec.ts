import { describe, expect, it } from '@jest/globals';
import type { AddressState } from '@trunkmesh/contracts/address.js';
import type { CarrierState } from '@trunkmesh/contracts/carrier.js';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import { inboundRequest } from './inbound-request.fixture.js';
import {
  addressSubject,
  carrierSubject,
  numberSubject,
  organizationSubject,
  trunkSubject,
} from '@trunkmesh/contracts/subjects.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { flagsOf, PROVEN, rowOf } from '@trunkmesh/routing/number-table.js';
import { numberOf, organizationOf, trunkOf } from '@trunkmesh/testkit/states.js';
import {
  applyToCopy,
  createLocalCopy,
  customerSettingsOf,
  decideFromCopy,
  isTrunkOfSource,
  limitsOf,
  snapshotOf,
  wantsNumber,
  type LocalCopy,
} from './local-copy.js';

const AT = '2026-01-01T00:00:00.000Z';
const id = (kind: number, n: number) => `0190000${kind}-0000-7000-8000-${String(n).padStart(12, '0')}`;
const organization = (n: number): OrganizationState => organizationOf({ id: id(1, n), name: `org ${n}` });
const trunk = (org: number, n: number, with_: Partial<TrunkState> = {}): TrunkState =>
  trunkOf({
    id: id(2, n),
    organization_id: id(1, org),
    name: `trunk ${n}`,
    gateway: '192.0.2.10',
    default_country: 'US',
    codecs: ['PCMU'],
    ...with_,
  });
const number = (org: number, phone: string, with_: Partial<NumberState> = {}): NumberState =>
  numberOf({ id: id(3, Number(phone.slice(-6))), organization_id: id(1, org), phone_number: phone, ...with_ });

const evidence = (org: number, network: string): AddressState => ({
  organization_id: id(1, org),
  network,
  evidence: { by: 'call', at: AT, trunk_id: null, call_id: null },
  shared_since: null,
  created_at: AT,
  updated_at: AT,
});
const carrier = (name: string, networks: string[]): CarrierState => ({
  id: name,
  name,
  networks,
  default_country: null,
  created_at: AT,
  updated_at: AT,
});

type Entity = OrganizationState | TrunkState | NumberState | AddressState | CarrierState;
const subjectOf = (entity: Entity) =>
  'evidence' in entity
    ? addressSubject(entity.organization_id, entity.network)
    : 'networks' in entity
      ? carrierSubject(entity.id)
      : 'phone_number' in entity
        ? numberSubject(entity.organization_id, entity.phone_number)
        : 'gateway' in entity
          ? trunkSubject(entity.organization_id, entity.id)
          : organizationSubject(entity.id);
const copyOf = (...entities: Entity[]): LocalCopy => {
  const copy = createLocalCopy('default', () => undefined);
  for (const entity of entities) applyToCopy(copy, subjectOf(entity), { data: { state: entity } });
  return copy;
};
const request = (to: string, source = '192.0.2.10') => inboundRequest(to, source);

describe('the local copy', () => {
  it('decides as routing does', () => {
    expect(
      decideFromCopy(copyOf(organization(1), trunk(1, 1), number(1, '+15551234567')), request('5551234567')),
    ).toMatchObject({ outcome: 'route', number: '+15551234567', target: { id: 42 } });
  });

  it('survives a snapshot: the same decisions, the same limits', () => {
    const copy = copyOf(
      organization(1),
      organization(2),
      trunk(1, 1, {
        max_channels: 3,
        max_cps: 0.5,
        number_rules: [{ direction: 'inbound', prefix: '9', min_length: 0, max_length: 32, strip: 1, add: '' }],
      }),
      trunk(2, 2, { gateway: '192.0.2.20' }),
      number(1, '+15551234567', {
        sip_trunk_id: id(2, 1),
        target: { kind: 'flow', id: 7, name: 'x', is_active: true },
      }),
      number(1, '+15551234568', { is_active: false }),
      number(2, '+15551234569', { allowed_country_codes: ['DE', 'FR'] }),
      number(2, '+15551234570', { target: null }),
      number(2, '+15551234571', { target: { kind: 'assistant', id: 1, name: null, is_active: false } }),
    );
    const restored = createLocalCopy('default', () => undefined);
    for (const [subject, state] of snapshotOf(copy))
      applyToCopy(restored, subject, { data: { state: JSON.parse(JSON.stringify(state)) } });
    for (const to of [
      '+15551234567',
      '95551234567',
      '+15551234568',
      '+15551234569',
      '+15551234570',
      '+15551234571',
      '9228',
    ]) {
      for (const source of ['192.0.2.10', '192.0.2.20', '192.0.2.30'])
        expect(decideFromCopy(restored, request(to, source))).toEqual(decideFromCopy(copy, request(to, source)));
    }
    expect(limitsOf(restored, trunkSubject(id(1, 1), id(2, 1)))).toEqual({ max_channels: 3, max_cps: 0.5 });
    expect([...snapshotOf(restored)]).toEqual([...snapshotOf(copy)]);
  });

  it(
    'knows who has evidence for an address, listed carriers and proven numbers, also after a snapshot, until ' +
      'they are gone',
    () => {
      const copy = copyOf(
        organization(1),
        organization(2),
        trunk(1, 1),
        trunk(2, 2),
        number(1, '+15551234567', { sip_trunk_id: id(2, 1), proof: { by: 'call', at: AT } }),
        number(2, '+15551234568', { sip_trunk_id: id(2, 2) }),
        evidence(2, '192.0.2.10/32'),
        carrier('example', ['192.0.2.64/26']),
        trunk(2, 3, { gateway: '192.0.2.65' }),
      );
      const restored = createLocalCopy('default', () => undefined);
      for (const [subject, state] of snapshotOf(copy))
        applyToCopy(restored, subject, { data: { state: JSON.parse(JSON.stringify(state)) } });
      for (const each of [copy, restored]) {
        expect(decideFromCopy(each, request('9228'))).toMatchObject({ outcome: 'route', organization_id: id(1, 2) });
        expect(decideFromCopy(each, request('9228', '192.0.2.65'))).toMatchObject({
          outcome: 'refuse',
          reason: 'ambiguous-number',
        });
        const row = rowOf(each.index.numbers, 15551234567, each.index.organizations.handles.get(id(1, 1))!);
        expect(flagsOf(each.index.numbers, row) & PROVEN).toBe(PROVEN);
        applyToCopy(each, addressSubject(id(1, 2), '192.0.2.10/32'), { data: { state: null } });
        applyToCopy(each, carrierSubject('example'), { data: { state: null } });
        expect(decideFromCopy(each, request('9228'))).toMatchObject({ outcome: 'route', organization_id: id(1, 1) });
        expect(decideFromCopy(each, request('9228', '192.0.2.65'))).toMatchObject({
          outcome: 'refuse',
          reason: 'unknown-number',
        });
        expect([...snapshotOf(each)].some(([subject]) => /address|carrier/.test(subject))).toBe(false);
      }
    },
  );

  it(
    'knows the call settings of organisations and of the few numbers that have some, also after a snapshot, ' +
      'until they are gone',
    () => {
      const settings = { media_url: 'wss://num.example.com', record: true };
      const withSettings = number(1, '+15551234567', { call_settings: settings });
      const copy = copyOf(
        { ...organization(1), call_settings: { media_url: 'wss://org.example.com' } },
        trunk(1, 1),
        withSettings,
        number(1, '+15551234568'),
      );
      const restored = createLocalCopy('default', () => undefined);
      for (const [subject, state] of snapshotOf(copy))
        applyToCopy(restored, subject, { data: { state: JSON.parse(JSON.stringify(state)) } });
      for (const each of [copy, restored]) {
        expect(customerSettingsOf(each, id(1, 1), withSettings.id)).toEqual({
          organization: { id: id(1, 1), settings: { media_url: 'wss://org.example.com' } },
          number: { id: withSettings.id, settings },
        });
        expect(customerSettingsOf(each, id(1, 1), id(3, 234568))?.number).toBeUndefined();
        expect(customerSettingsOf(each, id(1, 9), null)).toBeUndefined();
      }
      applyToCopy(copy, subjectOf(withSettings), { data: { state: { ...withSettings, call_settings: undefined } } });
      expect(customerSettingsOf(copy, id(1, 1), withSettings.id)?.number).toBeUndefined();
      applyToCopy(restored, subjectOf(withSettings), { data: { state: withSettings } });
      applyToCopy(restored, subjectOf(trunk(1, 1)), { data: { state: null } });
      expect([restored.numberSettings.size, restored.settingsOfNumber.size]).toEqual([0, 0]);
    },
  );

  it("forgets a number's call settings with the number", () => {
    const withSettings = number(1, '+15551234567', { call_settings: { record: true } });
    const restored = copyOf(organization(1), trunk(1, 1), withSettings);
    expect(restored.numberSettings.size).toBe(1);
    applyToCopy(restored, subjectOf(withSettings), { data: { state: null } });
    expect([restored.numberSettings.size, restored.settingsOfNumber.size]).toEqual([0, 0]);
  });

  it('writes no password, sealed or not, to its snapshot', () => {
    expect(
      JSON.stringify([...snapshotOf(copyOf(organization(1), trunk(1, 1, { password: 'v1.key.iv.sealed' })))]),
    ).not.toContain('sealed');
  });

  it('keeps the numbers of organisations with a trunk in the pool, and says when one becomes such', () => {
    const wanted: string[] = [];
    const copy = createLocalCopy('default', (org) => wanted.push(org));
    const apply = (entity: Entity) => applyToCopy(copy, subjectOf(entity), { data: { state: entity } });
    apply(organization(1));
    expect(wantsNumber(copy, subjectOf(number(1, '+15551234567')))).toBe(false);
    apply(trunk(1, 1, { bridge_pool: 'elsewhere' }));
    expect(wanted).toEqual([]);
    apply(trunk(1, 1));
    expect(wanted).toEqual([id(1, 1)]);
    expect(wantsNumber(copy, subjectOf(number(1, '+15551234567')))).toBe(true);
    apply(number(1, '+15551234567'));
    applyToCopy(copy, subjectOf(trunk(1, 1)), { data: { state: null } });
    expect([...snapshotOf(copy)].map(([subject]) => subject)).toEqual([organizationSubject(id(1, 1))]);
  });

  it('knows which trunks a source may be, whatever gateway the INVITE claims', () => {
    const copy = copyOf(
      organization(1),
      organization(2),
      trunk(1, 1),
      trunk(2, 2, { gateway: 'pbx.example.com' }),
      trunk(2, 3, { inbound_addresses: ['192.0.2.0/28'] }),
    );
    const from = (source: string, resolved: string[] = []) =>
      [1, 2, 3].filter((n) =>
        isTrunkOfSource(copy, id(2, n), {
          ...request('x', source),
          resolved_trunks: resolved,
          claimed_gateway: `${id(2, 1)}.1`,
        }),
      );
    expect(from('192.0.2.10')).toEqual([1, 3]);
    expect(from('192.0.2.1')).toEqual([3]);
    expect(from('198.51.100.1')).toEqual([]);
    expect(from('198.51.100.1', [id(2, 2)])).toEqual([2]);
  });
});
