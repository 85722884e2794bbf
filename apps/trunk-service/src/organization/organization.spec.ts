import { describe, expect, it } from '@jest/globals';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import { organizationEvent } from '@trunkmesh/contracts/organization.js';
import { specification } from '@trunkmesh/testkit/specification.js';
import { sealedText } from '../call-settings/seal-fixture.js';
import { decide, evolve, type OrganizationChange, type OrganizationCommand } from './organization.js';

const at = '2026-01-02T03:04:05.678Z';
const later = '2026-01-02T03:04:06.000Z';
const id = '0b8d1ad6-5c7e-4cd5-9b7f-3b8b7a1f0c11';
const state: OrganizationState = {
  id,
  name: 'Acme',
  status: 'active',
  outbound_country_codes: null,
  created_at: at,
  updated_at: at,
};
const created: OrganizationChange = {
  type: 'OrganizationCreated',
  change: { name: 'Acme', outbound_country_codes: null },
  state,
};
const suspended: OrganizationChange = {
  type: 'OrganizationSuspended',
  change: {},
  state: { ...state, status: 'suspended', updated_at: later },
};

const spec = specification<OrganizationState | null, OrganizationChange, OrganizationCommand>({
  initial: null,
  evolve,
  decide,
});

describe('an organisation', () => {
  it('is created active', () =>
    spec
      .given()
      .when({ type: 'CreateOrganization', id, fields: { name: 'Acme', outbound_country_codes: null }, at })
      .then(created));
  it('is not created twice', () =>
    spec
      .given(created)
      .when({ type: 'CreateOrganization', id, fields: { name: 'Acme', outbound_country_codes: null }, at })
      .thenRefused('duplicate-organization'));
  it('changes only what differs', () =>
    spec
      .given(created)
      .when({ type: 'ChangeOrganization', changes: { name: 'Acme', outbound_country_codes: ['US'] }, at: later })
      .then({
        type: 'OrganizationUpdated',
        change: { outbound_country_codes: ['US'] },
        state: { ...state, outbound_country_codes: ['US'], updated_at: later },
      }));
  it('has a country of its own, and none again', () => {
    const withCountry = { ...state, country: 'US', updated_at: later };
    const change = (country: string | null) => ({
      type: 'ChangeOrganization' as const,
      changes: { country },
      at: later,
    });
    spec
      .given(created)
      .when(change('US'))
      .then({ type: 'OrganizationUpdated', change: { country: 'US' }, state: withCountry });
    spec.given(created).when(change(null)).thenNothing();
    spec
      .given(created, { type: 'OrganizationUpdated', change: { country: 'US' }, state: withCountry })
      .when(change(null))
      .then({ type: 'OrganizationUpdated', change: { country: null }, state: { ...withCountry, country: null } });
  });
  it('writes nothing when nothing differs', () =>
    spec
      .given(created)
      .when({ type: 'ChangeOrganization', changes: { name: 'Acme' }, at: later })
      .thenNothing());
  it('has call settings, of which only the names are said to have changed', () => {
    const call_settings = {
      media_url: 'wss://a.example.com/x',
      signing_secret: sealedText('secret', id),
      record: true,
    };
    const withSettings: OrganizationState = { ...state, call_settings };
    spec
      .given()
      .when({
        type: 'CreateOrganization',
        id,
        fields: { name: 'Acme', outbound_country_codes: null, call_settings },
        at,
      })
      .then({
        type: 'OrganizationCreated',
        change: {
          name: 'Acme',
          outbound_country_codes: null,
          call_settings_changed: ['media_url', 'signing_secret', 'record'],
        },
        state: withSettings,
      });
    const set: OrganizationChange = {
      type: 'OrganizationUpdated',
      change: { call_settings_changed: ['media_url', 'signing_secret', 'record'] },
      state: { ...withSettings, updated_at: later },
    };
    spec.given(created).when({ type: 'ChangeOrganization', changes: { call_settings }, at: later }).then(set);
    spec
      .given(created, set)
      .when({ type: 'ChangeOrganization', changes: { call_settings: { ...call_settings } }, at: later })
      .thenNothing();
    spec
      .given(created, set)
      .when({ type: 'ChangeOrganization', changes: { name: 'Acme' }, at: later })
      .thenNothing();
    spec
      .given(created, set)
      .when({ type: 'ChangeOrganization', changes: { call_settings: {} }, at: later })
      .then({
        type: 'OrganizationUpdated',
        change: { call_settings_changed: ['media_url', 'signing_secret', 'record'] },
        state: { ...state, updated_at: later },
      });
    const [cleared] = spec
      .given(created, set)
      .when({ type: 'ChangeOrganization', changes: { call_settings: {} }, at: later })
      .decided();
    expect(cleared!.state).not.toHaveProperty('call_settings');
    spec
      .given(created, set)
      .when({ type: 'ReencryptSecret', signing_secret: sealedText('again', id), at: later })
      .then({
        type: 'OrganizationUpdated',
        change: {},
        state: {
          ...withSettings,
          call_settings: { ...call_settings, signing_secret: sealedText('again', id) },
          updated_at: later,
        },
      });
    spec
      .given(created)
      .when({ type: 'ReencryptSecret', signing_secret: sealedText('again', id), at: later })
      .thenNothing();
  });
  it('may use other bridge pools, and the default one alone again', () => {
    const inPools: OrganizationChange = {
      type: 'OrganizationUpdated',
      change: { bridge_pools: ['eu'] },
      state: { ...state, bridge_pools: ['eu'], updated_at: later },
    };
    spec
      .given()
      .when({
        type: 'CreateOrganization',
        id,
        fields: { name: 'Acme', outbound_country_codes: null, bridge_pools: ['eu'] },
        at,
      })
      .then({
        type: 'OrganizationCreated',
        change: { name: 'Acme', outbound_country_codes: null, bridge_pools: ['eu'] },
        state: { ...state, bridge_pools: ['eu'] },
      });
    spec
      .given(created)
      .when({ type: 'ChangeOrganization', changes: { bridge_pools: ['eu'] }, at: later })
      .then(inPools);
    spec
      .given(created, inPools)
      .when({ type: 'ChangeOrganization', changes: { name: 'Acme', bridge_pools: ['eu'] }, at: later })
      .thenNothing();
    for (const bridge_pools of [null, ['default']])
      spec.given(created).when({ type: 'ChangeOrganization', changes: { bridge_pools }, at: later }).thenNothing();
    spec
      .given(created, inPools)
      .when({ type: 'ChangeOrganization', changes: { bridge_pools: null }, at: later })
      .then({ type: 'OrganizationUpdated', change: { bridge_pools: null }, state: { ...state, updated_at: later } });
    const [cleared] = spec
      .given(created, inPools)
      .when({ type: 'ChangeOrganization', changes: { bridge_pools: null }, at: later })
      .decided();
    expect(cleared!.state).not.toHaveProperty('bridge_pools');
    const envelope = {
      specversion: '1.0',
      id,
      source: 'test',
      subject: 's',
      time: at,
      datacontenttype: 'application/json',
      entityversion: 1,
    };
    for (const { type, change, state: after } of [inPools, cleared!])
      expect(organizationEvent.parse({ ...envelope, type, data: { change, state: after } }).data.change).toEqual(
        change,
      );
  });
  it('is suspended', () => spec.given(created).when({ type: 'SuspendOrganization', at: later }).then(suspended));
  it('is suspended once', () =>
    spec.given(created, suspended).when({ type: 'SuspendOrganization', at: later }).thenNothing());
  it('resumes', () =>
    spec
      .given(created, suspended)
      .when({ type: 'ResumeOrganization', at: later })
      .then({ type: 'OrganizationResumed', change: {}, state: { ...state, updated_at: later } }));
  it('must exist', () => spec.given().when({ type: 'SuspendOrganization', at }).thenRefused('organization-not-found'));

  it('decides events that the contract knows', () => {
    const envelope = {
      specversion: '1.0',
      id,
      source: 'test',
      subject: 's',
      time: at,
      datacontenttype: 'application/json',
      entityversion: 1,
    };
    for (const { type, change, state: after } of [created, suspended])
      expect(organizationEvent.safeParse({ ...envelope, type, data: { change, state: after } }).success).toBe(true);
  });
});
