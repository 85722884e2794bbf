import { describe, expect, it } from '@jest/globals';
import type { InboundRequest } from '@trunkmesh/contracts/routing.js';
import fc from 'fast-check';
import { rawSources } from './called-number.js';
import { decideInbound } from './decide-inbound.js';
import {
  comparable,
  HONEST_NUMBERS,
  HOSTILE,
  hostileInvite,
  hostileOrganization,
  NEIGHBOURS_NUMBER,
  SHARED_WORLDS,
  WORLDS,
} from './hostile-fixture.js';
import { indexOf, ORG, PBX, subjectOf, type Entity } from './inbound-fixture.js';
import { namesInFull } from './named-numbers.js';
import { dialectOf } from './number-format.js';
import { applyEvent } from './route-events.js';
import type { RouteIndex } from './route-index.js';

/**
 * Claims on shared names (design): the hostile organisation has no evidence for the source address. Nine worlds,
 * 13,500 runs in all.
 */
const RUNS = { numRuns: 1_500 };

/**
 * The decision with and without the hostile organisation's configuration, which is gone from the index again
 * afterwards.
 */
function both(index: RouteIndex, hostile: readonly Entity[], request: InboundRequest) {
  const without = decideInbound(index, request);
  for (const entity of hostile) applyEvent(index, subjectOf(entity), { data: { state: entity } });
  const with_ = decideInbound(index, request);
  for (const entity of hostile) applyEvent(index, subjectOf(entity), { data: { state: null } });
  expect(decideInbound(index, request)).toEqual(without);
  return { with_: comparable(with_), without: comparable(without) };
}

/** As the operator's word on the carrier reads it, or nobody's rules. */
const namedBy =
  (request: InboundRequest, world: readonly Entity[]) =>
  (phone: string): boolean => {
    const raw = rawSources(request);
    const neutral = dialectOf({
      default_country: world.find((entity) => 'networks' in entity)?.default_country ?? null,
      number_rules: [],
    });
    return raw.some((_lines, position) => namesInFull(position, raw, { number: Number(phone), neutral }));
  };
const isShared = ({ source_address }: InboundRequest) => source_address === PBX || source_address === `::ffff:${PBX}`;

describe('an organisation without evidence, whatever it configures,', () => {
  it.each(Object.keys(WORLDS))('changes no decision at an address of %s', (name) => {
    const index = indexOf(...WORLDS[name]!);
    fc.assert(
      fc.property(hostileOrganization, hostileInvite, (hostile, request) => {
        const { with_, without } = both(index, hostile, request);
        // An address that nobody else claims is its own.
        if (without.outcome === 'refuse' && without.reason === 'unknown-source')
          return expect([null, ORG(HOSTILE)]).toContain(with_.organization_id);
        expect(with_).toEqual(without);
      }),
      RUNS,
    );
  });
});

describe('at an address that is shared', () => {
  it.each(Object.keys(SHARED_WORLDS))(
    '%s: a call that names a full public number of its owner goes there whatever another configures, and what ' +
      "names none is nobody's",
    (name) => {
      const index = indexOf(...SHARED_WORLDS[name]!);
      const owners: [string, string][] = [
        ...HONEST_NUMBERS.map((phone): [string, string] => [phone, ORG(1)]),
        [NEIGHBOURS_NUMBER, ORG(2)],
      ];
      fc.assert(
        fc.property(hostileOrganization, hostileInvite.filter(isShared), (hostile, request) => {
          const { with_, without } = both(index, hostile, request);
          const named = namedBy(request, SHARED_WORLDS[name]!);
          const called = owners.filter(([phone]) => named(phone)).map(([, owner]) => owner);
          if (called.length > 0) {
            expect(called).toContain(with_.organization_id);
            return expect(with_).toEqual(without);
          }
          // A call that names no honest number is refused as before, or it is for a number that the hostile
          // organisation has and the call names in full.
          if (with_.organization_id !== ORG(HOSTILE)) return expect(with_).toEqual(without);
          expect(without).toMatchObject({ outcome: 'refuse', organization_id: null });
          if (with_.outcome === 'route') expect(with_.named_in_full).toBe(true);
        }),
        RUNS,
      );
    },
  );
});
