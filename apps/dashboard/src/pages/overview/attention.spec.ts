import { describe, expect, it } from '@jest/globals';
import { attentionOf, type Seen } from './attention.js';

const calm: Seen = {
  trunks: { live: 1, faults: [] },
  numbers: [{ is_active: true, sip_trunk_id: 't', assistant: { id: 1, name: null, is_active: true }, flow: null }],
  bridges: [{ id: 'b', alive: true, status: 'active' }],
  failedCalls: 0,
};
const what = (seen: Partial<Seen>) => attentionOf({ ...calm, ...seen }).map((each) => each.what);

describe('what needs attention', () => {
  it('is nothing where everything works', () => expect(what({})).toEqual([]));

  it('is a trunk that is not live, with what to do about it', () =>
    expect(
      attentionOf({
        ...calm,
        trunks: {
          live: 0,
          faults: [
            { trunk_id: 't', name: 'Office', verdict: 'failed', summary: 'Failed.', hint: 'Check the password.' },
          ],
        },
      }),
    ).toEqual([{ what: 'Office: Check the password.', fix: 'Open the trunk and test it', to: '/trunks/t' }]));

  it('is a number that no call can reach', () => {
    expect(what({ numbers: [] })).toEqual([expect.stringContaining('no phone number yet')]);
    expect(what({ numbers: [{ is_active: true, sip_trunk_id: null, assistant: null, flow: null }] })).toEqual([
      expect.stringContaining('1 number without a trunk'),
      expect.stringContaining('1 number without an assistant'),
    ]);
    expect(what({ numbers: [{ is_active: false, sip_trunk_id: null, assistant: null, flow: null }] })).toEqual([]);
  });

  it('is a bridge that is offline, and calls that failed', () =>
    expect(what({ bridges: [{ id: 'b', alive: false, status: 'active' }], failedCalls: 2 })).toEqual([
      expect.stringContaining('Bridge b is offline'),
      '2 calls failed today.',
    ]));
});
