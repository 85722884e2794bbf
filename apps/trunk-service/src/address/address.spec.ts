import { describe, expect, it } from '@jest/globals';
import type { AddressEvidence, AddressState } from '@trunkmesh/contracts/address.js';
import { specification } from '@trunkmesh/testkit/specification.js';
import { decide, evolve, type AddressChange, type AddressCommand } from './address.js';
import { standingOf, viewOfClaim, type StandingFacts } from './standing.js';

const { given } = specification<AddressState | null, AddressChange, AddressCommand>({ initial: null, evolve, decide });
const [T0, T1] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];
const [organization_id, network] = ['01890000-0000-7000-8000-0000000000aa', '203.0.113.20/32'];
const byCall: AddressEvidence = { by: 'call', at: T0, trunk_id: null, call_id: null };
const byOperator: AddressEvidence = { ...byCall, by: 'operator', at: T1 };
const state = (over: Partial<AddressState> = {}): AddressState => ({
  organization_id,
  network,
  evidence: byCall,
  shared_since: null,
  created_at: T0,
  updated_at: T0,
  ...over,
});
const proven: AddressChange = { type: 'AddressProven', change: byCall, state: state() };
const shared: AddressChange = { type: 'AddressShared', change: {}, state: state({ shared_since: T1, updated_at: T1 }) };
const prove = (evidence = byCall, isShared = false): AddressCommand => ({
  type: 'ProveAddress',
  organization_id,
  network,
  evidence,
  shared: isShared,
});

describe('evidence for an address', () => {
  it('is recorded once, however often it is proven', () => {
    given().when(prove()).then(proven);
    given(proven)
      .when(prove({ ...byCall, at: T1 }))
      .thenNothing();
  });
  it('is shared from the start where another organisation has some', () =>
    given()
      .when(prove(byCall, true))
      .then({ ...proven, state: state({ shared_since: T0 }) } as AddressChange));
  it('by the operator replaces what a call proved', () =>
    given(proven)
      .when(prove(byOperator))
      .then({ type: 'AddressProven', change: byOperator, state: state({ evidence: byOperator, updated_at: T1 }) }));
  it('by the operator stays', () =>
    given({ ...proven, state: state({ evidence: byOperator }) } as AddressChange)
      .when(prove(byCall))
      .thenNothing());
  it('becomes shared, and is told once', () => {
    given(proven).when({ type: 'ShareAddress', at: T1 }).then(shared);
    given(proven, shared).when({ type: 'ShareAddress', at: T1 }).thenNothing();
  });
  it('is the only one again', () =>
    given(proven, shared)
      .when({ type: 'UnshareAddress', at: T1 })
      .then({ type: 'AddressProven', change: byCall, state: state({ updated_at: T1 }) }));
  it('is withdrawn, once', () => {
    const withdrawn: AddressChange = { type: 'AddressEvidenceWithdrawn', change: { reason: 'left' }, state: null };
    given(proven).when({ type: 'WithdrawEvidence', reason: 'left' }).then(withdrawn);
    given(proven, withdrawn).when({ type: 'WithdrawEvidence', reason: 'left' }).thenRefused('evidence-not-found');
  });
});

describe('how a claim stands', () => {
  const claim = (organization: string, since: string, yields = false) => ({
    organization_id: organization,
    since,
    yields,
  });
  const facts = (over: Partial<StandingFacts> = {}): StandingFacts => ({
    listed: false,
    others_proven: false,
    own_first: claim('a', T0),
    others_first: null,
    others_inside: false,
    ...over,
  });
  it.each<[string, StandingFacts, boolean, string]>([
    ['alone', facts(), false, 'sole'],
    ['alone, proven', facts(), true, 'sole'],
    ['older than another', facts({ others_first: claim('b', T1) }), false, 'sole'],
    [
      'younger than another',
      facts({ own_first: claim('a', T1), others_first: claim('b', T0) }),
      false,
      'not-a-candidate',
    ],
    ['of the same moment, the smaller id', facts({ others_first: claim('b', T0) }), false, 'sole'],
    [
      'of the same moment, the larger id',
      facts({ own_first: claim('c', T0), others_first: claim('b', T0) }),
      false,
      'not-a-candidate',
    ],
    [
      'older but too wide',
      facts({ own_first: claim('a', T0, true), others_first: claim('b', T1) }),
      false,
      'not-a-candidate',
    ],
    [
      'younger than one that is too wide',
      facts({ own_first: claim('a', T1), others_first: claim('b', T0, true) }),
      false,
      'sole',
    ],
    ['younger, but proven', facts({ own_first: claim('a', T1), others_first: claim('b', T0) }), true, 'sole'],
    [
      'older, but another is proven',
      facts({ others_first: claim('b', T1), others_proven: true }),
      false,
      'not-a-candidate',
    ],
    ['both proven', facts({ others_first: claim('b', T1), others_proven: true }), true, 'shared'],
    ['at a listed carrier', facts({ listed: true, others_first: claim('b', T0) }), false, 'shared'],
  ])('%s', (_what, known, evidence, standing) => expect(standingOf(known, evidence)).toBe(standing));

  it('is told with what to do, and not by whom', () => {
    const view = viewOfClaim(
      { network, via: 'inbound', since: T1 },
      facts({ own_first: claim('a', T1), others_first: claim('b-of-another', T0) }),
      undefined,
    );
    expect(view).toEqual({
      network,
      via: 'inbound',
      since: T1,
      approved: false,
      evidence: null,
      standing: 'not-a-candidate',
      note:
        'Another customer uses this address; place a verification call (POST ' +
        '/api/v1/sip-trunks/{id}/verify-address).',
    });
    expect(
      viewOfClaim({ network, via: 'inbound', since: T1 }, facts({ others_inside: true }), {
        evidence: byCall,
        covers: false,
      }),
    ).toMatchObject({
      standing: 'sole',
      evidence: { by: 'call', at: T0 },
      note: expect.stringContaining('part of this network'),
    });
  });
});
