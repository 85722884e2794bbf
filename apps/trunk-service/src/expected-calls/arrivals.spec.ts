import { describe, expect, it } from '@jest/globals';
import type { ExpectedCall } from '@trunkmesh/contracts/expected-call.js';
import { callStarted, ORG, TRUNK } from '@trunkmesh/testkit/call-events.js';
import {
  decidedArrival,
  knownBy,
  refusedArrival,
  reportOf,
  type RefusedRow,
  type TrunkOfArrivals,
} from './arrivals.js';

const trunk: TrunkOfArrivals = {
  id: TRUNK,
  organization_id: ORG,
  username: 'reception',
  gateway: 'pbx.example.com',
  inbound_addresses: ['198.51.100.0/24'],
  created_at: '2026-11-29T00:00:00.000Z',
};
const row = (over: Partial<RefusedRow> = {}): RefusedRow => ({
  bridge_id: 'b1',
  source_address: '203.0.113.9',
  called: '9228',
  number: null,
  organization_id: null,
  reason: 'source-not-allowed',
  sip_status: 403,
  detail: null,
  count: 1,
  last_at: new Date('2026-11-29T00:01:00.000Z'),
  known_by: null,
  trunk_id: null,
  users: '',
  ...over,
});

describe("a refused call of nobody's number", () => {
  it.each<[string, Partial<RefusedRow>, Partial<TrunkOfArrivals>, string | undefined]>([
    ['nothing of the trunk', {}, {}, undefined],
    ['its user name', { called: 'reception' }, {}, 'trunk-user'],
    ['its user name in its From', { users: '9228,reception' }, {}, 'trunk-user'],
    ['an extension in its From', { users: '9228,100' }, { username: '100' }, undefined],
    ['what a PBX writes by itself', { users: 'asterisk' }, { username: 'asterisk' }, undefined],
    ["the contact of its gateway's registration", { called: `gw+${TRUNK}.3` }, {}, 'trunk-user'],
    ["the contact of another trunk's", { called: `gw+${ORG}.3` }, {}, undefined],
    ['a user name that is a number', { called: '+15550100000' }, { username: '+15550100000' }, undefined],
    ['nothing, and the trunk has no user name', { called: '' }, { username: null }, undefined],
    ['one of its addresses', { source_address: '198.51.100.7' }, {}, 'announced-address'],
  ])('has %s', (_what, over, of, expected) => expect(knownBy({ ...trunk, ...of }, row(over))).toBe(expected));

  it.each<[string, Partial<RefusedRow>, boolean]>([
    ['from an unknown address', {}, true],
    ['from an address that the trunk has', { source_address: '198.51.100.7' }, false],
    ['for another reason', { reason: 'media-not-acceptable', sip_status: 488 }, false],
    ['from many addresses', { source_address: '' }, false],
  ])('offers to add its address %s: %j', (_what, over, offers) => {
    const { add_address } = refusedArrival(trunk, row(over), 'called-number');
    expect(add_address).toEqual(
      offers
        ? {
            method: 'POST',
            path: `/api/v1/sip-trunks/${TRUNK}/inbound-addresses`,
            body: { address: '203.0.113.9' },
          }
        : null,
    );
  });
});

describe('a decided call', () => {
  it('is shown to its own organisation alone', () => {
    const event = callStarted(1);
    expect(decidedArrival(trunk, event)).toMatchObject({ outcome: 'accepted', source_address: '192.0.2.9' });
    expect(decidedArrival({ ...trunk, organization_id: TRUNK }, event)).toBeUndefined();
  });

  it('without the number of a caller who withholds it', () => {
    const event = callStarted(1);
    event.data.caller_withheld = true;
    expect(decidedArrival(trunk, event)).toMatchObject({ from: null });
  });

  it('is no outbound one', () => {
    const event = callStarted(1);
    event.data.direction = 'outbound';
    expect(decidedArrival(trunk, event)).toBeUndefined();
  });
});

describe('the report', () => {
  const expected: ExpectedCall = {
    organization_id: ORG,
    trunk_id: TRUNK,
    opened_at: '2026-11-29T00:00:00.000Z',
    expires_at: '2026-11-29T00:05:00.000Z',
    echo: true,
    from: null,
  };
  const [during, after] = [new Date('2026-11-29T00:02:00.000Z'), new Date('2026-11-29T00:05:00.000Z')];
  const refused = refusedArrival(trunk, row(), 'called-number');

  it.each([
    ['waiting', [], during, true],
    ['over', [], after, false],
    ['refused', [refused], during, true],
    ['accepted', [refused, { ...refused, outcome: 'accepted' as const, at: '2026-11-29T00:01:30.000Z' }], after, false],
  ])('is %s', (status, arrivals, now, is_open) =>
    expect(reportOf(expected, arrivals, now)).toMatchObject({ status, is_open, next: expect.any(String) }),
  );
});
