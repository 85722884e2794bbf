import { describe, expect, it } from '@jest/globals';
import { isOutbound, outboundBody, requestOf } from './outbound-input.js';

const ORG = '01900000-0000-7000-8000-000000000001';
const CALL = '01900000-0000-7000-8000-000000000002';
const BODY = { direction: 'outbound', from_phone_number: '+15550100000', to_phone_number: '020 7946 0958' };

describe('an outbound call to be explained', () => {
  it('is a pair of numbers', () =>
    expect(requestOf(outboundBody.parse(BODY), ORG, CALL)).toEqual({
      call_id: CALL,
      organization_id: ORG,
      from: '+15550100000',
      to: '020 7946 0958',
      caller_id: null,
      trunk_id: null,
      target: null,
    }));
  it.each([
    [{ assistant_id: 5 }, { target: { kind: 'assistant', id: 5 } }],
    [{ flow_id: 6 }, { target: { kind: 'flow', id: 6 } }],
    [
      { caller_id: '+15550100001', sip_trunk_id: ORG },
      { caller_id: '+15550100001', trunk_id: ORG },
    ],
  ])('may say %j', (more, expected) =>
    expect(requestOf(outboundBody.parse({ ...BODY, ...more }), ORG, CALL)).toMatchObject(expected),
  );
  it.each([
    [{ from_phone_number: '5550100000' }, ['from_phone_number']],
    [{ assistant_id: 5, flow_id: 6 }, ['flow_id']],
    [{ source_address: '198.51.100.7' }, []],
  ])('is refused with %j', (more, path) =>
    expect(outboundBody.safeParse({ ...BODY, ...more }).error?.issues).toEqual([expect.objectContaining({ path })]),
  );
  it.each([
    [{ direction: 'outbound' }, true],
    [{ direction: 'outwards' }, true],
    [{ to: '1' }, false],
    ['INVITE', false],
    [null, false],
  ])('is what names its direction: %j', (body, expected) => expect(isOutbound(body)).toBe(expected));
});
