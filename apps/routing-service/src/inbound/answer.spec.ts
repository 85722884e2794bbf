import { describe, expect, it } from '@jest/globals';
import { inboundAnswer, REFUSALS, type InboundDecision, type RefusalReason } from '@trunkmesh/contracts/routing.js';
import { indexOf, invite, number, ORG, organization, trunk, TRUNK } from '@trunkmesh/routing/inbound-fixture.js';
import { decideInbound } from '@trunkmesh/routing/decide-inbound.js';
import fc from 'fast-check';
import { answerInbound } from './answer.js';
import { decisionJson } from './decision-json.js';
import { createPayloadEncoder } from '../answering/payload-encoder.js';

const A = '+15551230001';
const index = indexOf(
  organization(1),
  trunk(1, 1),
  number(1, A, { sip_trunk_id: TRUNK(1) }),
  organization(2),
  trunk(2, 2, { gateway: '192.0.2.9' }),
  number(2, '+15551230002'),
);

describe('an answer', () => {
  it('is the decision as JSON, byte for byte, whatever arrived in the call', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('"', '\\', '\u2028', '\ud800', A, `"x" <sip:${A}@h>`),
    );
    const request = fc
      .record({
        source_address: fc.constantFrom('198.51.100.7', '192.0.2.9', '"'),
        request_uri_user: hostile,
        to_user: hostile,
        from_user: hostile,
        claimed_gateway: fc.option(hostile),
        headers: fc.array(fc.tuple(fc.constantFrom('Diversion', 'History-Info', 'X-Original-To'), hostile), {
          maxLength: 4,
        }),
      })
      .map(invite);
    const encode = createPayloadEncoder();
    fc.assert(
      fc.property(request, (one) => {
        const expected = JSON.stringify(decideInbound(index, one));
        const answer = answerInbound(index, JSON.stringify(one));
        expect(answer.json).toBe(expected);
        expect(Buffer.from(encode(answer.json)).equals(Buffer.from(expected, 'utf8'))).toBe(true);
        expect(inboundAnswer.parse(JSON.parse(answer.json))).toEqual(JSON.parse(expected));
      }),
      { numRuns: 1500 },
    );
  });

  it.each(Object.keys(REFUSALS) as RefusalReason[])('of a refusal as %s is JSON', (reason) => {
    const decision: InboundDecision = {
      outcome: 'refuse',
      reason,
      sip_status: REFUSALS[reason],
      organization_id: null,
      trunk_id: TRUNK(1),
      number: null,
      explanation: {
        source_address: 'x',
        claimed_gateway: null,
        candidates: [{ trunk_id: TRUNK(1), organization_id: ORG(1), matched_by: 'resolved-host' }],
        steps: [],
        summary: '"',
      },
    };
    expect(decisionJson(decision)).toBe(JSON.stringify(decision));
  });

  it.each(['', '{', 'null', '[]', '{"call_id":1}', '\u0000'])('to %j says what is wrong with it', (text) => {
    expect(inboundAnswer.parse(JSON.parse(answerInbound(index, text).json))).toMatchObject({
      outcome: 'error',
      code: 'invalid-request',
    });
  });
});

describe('payloads', () => {
  it('stay what they are while others are encoded behind them', () => {
    const encode = createPayloadEncoder();
    const texts = Array.from({ length: 2000 }, (_, at) => `${at}:${'é😀x'.repeat(at % 300)}`);
    const payloads = texts.map(encode);
    expect(payloads.map((payload) => Buffer.from(payload).toString('utf8'))).toEqual(texts);
    expect(Buffer.from(encode('x'.repeat(1_000_000))).toString()).toHaveLength(1_000_000);
  });
});
