import { describe, expect, it } from '@jest/globals';
import { outboundAnswer, outboundRequest } from '@trunkmesh/contracts/outbound.js';
import { GatewayStates } from '@trunkmesh/routing/gateway-states.js';
import { id, indexOf, number, ORG, organization, trunk, TRUNK } from '@trunkmesh/routing/inbound-fixture.js';
import { planOutbound } from '@trunkmesh/routing/plan-outbound.js';
import fc from 'fast-check';
import { answerOutbound } from './answer.js';

const A = '+15551230001';
const RULE = { direction: 'outbound' as const, prefix: '+1', min_length: 0, max_length: 32, strip: 1, add: '#7' };
const index = indexOf(
  organization(1, { outbound_country_codes: ['US', 'DE'] }),
  trunk(1, 1),
  trunk(1, 2, { number_rules: [RULE] }),
  trunk(1, 3, { enabled: false }),
  trunk(1, 4, { register: true, bridge_id: 'b1', outbound_country_codes: ['DE'] }),
  number(1, A, { sip_trunk_id: TRUNK(1) }),
  organization(2, { status: 'suspended' }),
  number(2, '+15551230002'),
);
const gateways = new GatewayStates();
gateways.put({ trunk_id: TRUNK(1), bridge_id: 'b1', applied_revision: 1, state: 'FAILED', ping: null });

describe('an answer', () => {
  it('is the plan as JSON, byte for byte, whatever was asked', () => {
    const request = fc.record({
      call_id: fc.nat(50).map((at) => id(9, at)),
      organization_id: fc.constantFrom(ORG(1), ORG(1), ORG(1), ORG(2), ORG(7)),
      from: fc.constantFrom(A, A, A, '+15551230002'),
      to: fc.oneof(
        fc.constantFrom('+15557654321', '+4930123456', '+19005550100', '911', '+5511987654321', '"', '\u2028'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }),
      ),
      caller_id: fc.constantFrom(null, A, '+15551230002'),
      trunk_id: fc.constantFrom(null, null, TRUNK(2), TRUNK(3), TRUNK(9)),
      target: fc.constantFrom(null, { kind: 'flow' as const, id: 7 }),
    });
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(request, (one) => {
        const asked = JSON.stringify(one);
        const plan = planOutbound(index, gateways, outboundRequest.parse(JSON.parse(asked)));
        const answer = answerOutbound(index, gateways, asked);
        outcomes.add(answer.outcome);
        expect(answer.json).toBe(JSON.stringify(plan));
        expect(outboundAnswer.parse(JSON.parse(answer.json))).toEqual(plan);
      }),
      { numRuns: 1_000 },
    );
    expect([...outcomes]).toEqual(expect.arrayContaining(['call', 'emergency-number', 'organization-suspended']));
  });

  it.each(['', '{', 'null', '[]', '{"call_id":1}', '\u0000'])('to %j says what is wrong with it', (text) =>
    expect(outboundAnswer.parse(JSON.parse(answerOutbound(index, gateways, text).json))).toMatchObject({
      outcome: 'error',
      code: 'invalid-request',
    }),
  );
});
