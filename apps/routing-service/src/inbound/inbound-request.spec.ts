import { describe, expect, it } from '@jest/globals';
import { inboundRequest } from '@trunkmesh/contracts/routing.js';
import fc from 'fast-check';
import { readInboundRequest } from './inbound-request.js';

const text = (max: number) =>
  fc.oneof(fc.string({ maxLength: max }), fc.constantFrom('x'.repeat(max), 'x'.repeat(max + 1)));
const rarely = <T>(good: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 30, arbitrary: good as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: fc.anything() });
const request = fc.record(
  {
    call_id: rarely(text(128)),
    bridge_id: rarely(fc.constantFrom('b1', 'bridge-2')),
    pool: rarely(text(64)),
    source_address: rarely(text(64)),
    resolved_trunks: rarely(fc.array(fc.uuid(), { maxLength: 3 })),
    claimed_gateway: rarely(fc.option(text(128))),
    request_uri_user: rarely(text(256)),
    to_user: rarely(text(256)),
    from_user: rarely(text(256)),
    headers: rarely(fc.array(rarely(fc.tuple(text(64), text(2048))), { maxLength: 3 })),
    further: fc.anything(),
  },
  { requiredKeys: [] },
);

/** What a requester sends has been through JSON. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? 'null') as unknown;

describe('an inbound request', () => {
  it('is read as its contract reads it', () => {
    let taken = 0;
    fc.assert(
      fc.property(
        fc.oneof({ weight: 20, arbitrary: request as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: fc.anything() }),
        (value) => {
          const given = sent(value);
          const contract = inboundRequest.safeParse(given);
          const read = readInboundRequest(given);
          if (contract.success) {
            taken++;
            expect(read).toEqual(contract.data);
          } else if (typeof read !== 'string') {
            expect(
              contract.error.issues.every((issue) => ['bridge_id', 'resolved_trunks'].includes(String(issue.path[0]))),
            ).toBe(true);
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it.each([
    ['nothing', undefined, /object/],
    ['a list', [], /object/],
    ['no call id', {}, /call_id/],
    ['65 headers', { headers: Array.from({ length: 65 }, () => ['Diversion', '1']) }, /headers/],
    ['a header of three', { headers: [['a', 'b', 'c']] }, /headers/],
    ['257 trunks', { resolved_trunks: Array.from({ length: 257 }, () => 'x') }, /resolved_trunks/],
    ['a gateway that is a number', { claimed_gateway: 1 }, /claimed_gateway/],
  ])('with %s is refused in words', (_what, given, words) => {
    const whole = {
      call_id: 'c',
      bridge_id: 'b',
      pool: 'p',
      source_address: '192.0.2.1',
      request_uri_user: '',
      to_user: '',
      from_user: '',
    };
    const value =
      given === undefined || Array.isArray(given) || Object.keys(given).length === 0 ? given : { ...whole, ...given };
    expect(readInboundRequest(value)).toMatch(words);
  });
});
