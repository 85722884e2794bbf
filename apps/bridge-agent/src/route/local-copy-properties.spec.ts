import { describe, expect, it } from '@jest/globals';
import type { InboundRequest } from '@trunkmesh/contracts/routing.js';
import {
  comparable,
  HOSTILE,
  hostileInvite,
  hostileOrganization,
  HONEST_NUMBERS,
  NEIGHBOURS_NUMBER,
  SHARED_WORLDS,
  WORLDS,
} from '@trunkmesh/routing/hostile-fixture.js';
import { ORG, subjectOf, type Entity } from '@trunkmesh/routing/inbound-fixture.js';
import fc from 'fast-check';
import { applyToCopy, createLocalCopy, decideFromCopy, snapshotOf, type LocalCopy } from './local-copy.js';

/**
 * The same promises as of the index (libs/routing, hostile-properties.spec.ts), for what a bridge routes by while NATS
 * is unreachable. Nine worlds, 10,800 runs in all.
 */
const RUNS = { numRuns: 1_200 };

const put = (copy: LocalCopy, entities: readonly Entity[], gone = false) => {
  for (const entity of entities) applyToCopy(copy, subjectOf(entity), { data: { state: gone ? null : entity } });
};
const copyOf = (entities: readonly Entity[]): LocalCopy => {
  const copy = createLocalCopy('default', () => undefined);
  put(copy, entities);
  return copy;
};
/** As an agent finds it after a restart. */
const restored = (copy: LocalCopy): LocalCopy => {
  const another = createLocalCopy('default', () => undefined);
  for (const [subject, state] of snapshotOf(copy))
    applyToCopy(another, subject, { data: { state: JSON.parse(JSON.stringify(state)) } });
  return another;
};
const decide = (copy: LocalCopy, request: InboundRequest) => comparable(decideFromCopy(copy, request));
const worlds = { ...WORLDS, ...SHARED_WORLDS };

describe("in a bridge's local copy an organisation without evidence, whatever it configures,", () => {
  it.each(Object.keys(worlds))('changes no decision of others: %s', (name) => {
    const copy = copyOf(worlds[name]!);
    let runs = 0;
    fc.assert(
      fc.property(hostileOrganization, hostileInvite, (hostile, request) => {
        const without = decide(copy, request);
        put(copy, hostile);
        const with_ = decide(copy, request);
        // A snapshot is as large as the world; every run would take minutes.
        if (++runs % 25 === 0) expect(decide(restored(copy), request)).toEqual(with_);
        put(copy, hostile, true);
        expect(decide(copy, request)).toEqual(without);
        const itsOwn =
          without.outcome === 'refuse' && without.organization_id === null && with_.organization_id === ORG(HOSTILE);
        const unclaimed = without.outcome === 'refuse' && without.reason === 'unknown-source';
        if (!itsOwn && !unclaimed) expect(with_).toEqual(without);
        if (with_.outcome === 'route')
          expect([...HONEST_NUMBERS, NEIGHBOURS_NUMBER].includes(with_.number)).toBe(
            with_.organization_id !== ORG(HOSTILE),
          );
      }),
      RUNS,
    );
  });
});
