import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { claimedOwner, claimedUsers, type AddressUse, type TrunkOf } from './refused-owner.js';

const trunk = (organization_id: string, id = `${organization_id}-1`): TrunkOf => ({ id, organization_id });
const use = (over: Partial<AddressUse> = {}): AddressUse => ({ claims: [], proven: [], listed: false, ...over });
const [A, B] = ['a', 'b'];

describe("whose a refused call of nobody's number is", () => {
  it.each<[string, TrunkOf[], AddressUse | undefined, object | undefined]>([
    ['nobody claims anything', [], undefined, undefined],
    ['one has the user name', [trunk(A)], undefined, { organization_id: A, trunk_id: 'a-1', known_by: 'trunk-user' }],
    ['two trunks of one have it', [trunk(A), trunk(A, 'a-2')], use(), { organization_id: A, trunk_id: null }],
    ['two have the user name', [trunk(A), trunk(B)], use(), undefined],
    ['and one of them the address', [trunk(A), trunk(B)], use({ claims: [trunk(A)] }), { organization_id: A }],
    ['one has the user name, another the address', [trunk(A)], use({ claims: [trunk(B)] }), { organization_id: B }],
    ['one claims the address', [], use({ claims: [trunk(A)] }), { organization_id: A, known_by: 'announced-address' }],
    ['two claim the address', [], use({ claims: [trunk(A), trunk(B)] }), undefined],
    [
      'one of two claimants has evidence',
      [],
      use({ claims: [trunk(A), trunk(B)], proven: [A] }),
      { organization_id: A },
    ],
    ['the claimant has no evidence, another has', [], use({ claims: [trunk(B)], proven: [A] }), undefined],
    ['customers of a carrier share the address', [], use({ claims: [trunk(A)], listed: true }), undefined],
  ])('%s', (_what, named, of, expected) =>
    expected === undefined
      ? expect(claimedOwner(named, of)).toBeUndefined()
      : expect(claimedOwner(named, of)).toMatchObject(expected),
  );

  it('is never changed in favour of an organisation by what it claims, where another has evidence', () => {
    const organization = fc.constantFrom('b', 'c');
    const trunks = fc.array(fc.tuple(organization, fc.nat(3)).map(([of, nth]) => trunk(of, `${of}-${nth}`)));
    fc.assert(
      fc.property(trunks, trunks, (named, claims) => {
        const proven = use({ claims: [trunk(A), ...claims], proven: [A] });
        expect(claimedOwner([], proven)).toMatchObject({ organization_id: A });
        expect(claimedOwner(named, proven)).toMatchObject({ organization_id: A });
      }),
    );
  });
});

it.each<[string, string[], string[]]>([
  ['9228', ['9228', 'reception', '100', 'asterisk'], ['9228', 'reception']],
  ['+15550100000', ['reception'], ['reception']],
  ['', [], []],
])('user names of a call to %j that gives %j', (called, users, expected) =>
  expect(claimedUsers({ called, users })).toEqual(expected),
);
