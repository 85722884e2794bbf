import type { AddressClaim, AddressEvidence } from '@trunkmesh/contracts/address.js';
import { z } from 'zod';

/** The first claim on a network: that of the smallest `yields`, then `since`, then organisation. */
export interface FirstClaim {
  yields: boolean;
  since: string;
  organization_id: string;
}

/** What the event store knows of a network that an organisation claims. */
export interface StandingFacts {
  /** In an operator's list of shared carriers. */
  listed: boolean;
  /** Another organisation that claims it has evidence for it. */
  others_proven: boolean;
  /** Claims of the organisation and of the others that hold the whole network, in the same pool. */
  own_first: FirstClaim | null;
  others_first: FirstClaim | null;
  /** Others claim a part of it. */
  others_inside: boolean;
}

export type StandingName = 'sole' | 'shared' | 'not-a-candidate';

/** As routing decides (libs/routing, standing.ts), of a whole network. */
export function standingOf(
  { listed, others_proven, own_first, others_first }: StandingFacts,
  hasEvidence: boolean,
): StandingName {
  if (listed) return 'shared';
  if (hasEvidence) return others_proven ? 'shared' : 'sole';
  if (others_proven) return 'not-a-candidate';
  return others_first === null || own_first === null || isBefore(own_first, others_first) ? 'sole' : 'not-a-candidate';
}

function isBefore(a: FirstClaim, b: FirstClaim): boolean {
  if (a.yields !== b.yields) return b.yields;
  return a.since === b.since ? a.organization_id < b.organization_id : a.since < b.since;
}

export const addressView = z
  .object({
    network: z.string().describe('An address or a network (CIDR).'),
    via: z
      .enum(['gateway', 'inbound', 'name'])
      .describe('What the claim is from: the gateway itself, an inbound address, or a name that resolves to it.'),
    since: z.string().describe('Since when the trunk claims it; null where that is not known.'),
    approved: z.boolean().describe('Whether the operator approved it.'),
    evidence: z
      .object({
        by: z.enum(['call', 'verification-call', 'registration', 'operator']).describe('What proves it.'),
        at: z.string().describe('When it happened.'),
      })
      .nullable()
      .describe('Why the organisation counts as served from there; null: nothing proves it yet.'),
    standing: z
      .enum(['sole', 'shared', 'not-a-candidate'])
      .describe(
        '`sole`: your organisation alone counts there. `shared`: others do as well, and only full public ' +
          'numbers decide. `not-a-candidate`: another customer uses it, and your claim does not count yet.',
      ),
    note: z.string().nullable().describe('What to know or to do about it; null: nothing.'),
  })
  .meta({ id: 'TrunkAddress' });
export type AddressView = z.infer<typeof addressView>;

const NOTES: Record<StandingName, string | null> = {
  sole: null,
  shared: 'Other customers use this address: a call is yours only if it names one of your numbers in full.',
  'not-a-candidate':
    'Another customer uses this address; place a verification call (POST /api/v1/sip-trunks/{id}/verify-address).',
};
const INSIDE =
  'Another customer uses a part of this network: there only calls count that name one of your numbers in full, ' +
  'after a verification call.';

export function viewOfClaim(
  claim: AddressClaim,
  facts: StandingFacts,
  found: { evidence: AddressEvidence; covers: boolean } | undefined,
): AddressView {
  const { network, via, since, approved = false } = claim;
  const standing = standingOf(facts, found?.covers === true);
  const note = standing === 'sole' && facts.others_inside ? INSIDE : NOTES[standing];
  return {
    network,
    via,
    since,
    approved,
    evidence: found ? { by: found.evidence.by, at: found.evidence.at } : null,
    standing,
    note,
  };
}
