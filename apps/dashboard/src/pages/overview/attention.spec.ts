import { describe, expect, it } from '@jest/globals';
import { attentionOf, calmText, type Seen } from './attention.js';

const calm: Seen = {
  trunks: { live: 1, faults: [] },
  numbers: [
    { id: 'n', is_active: true, sip_trunk_id: 't', assistant: { id: 1, name: null, is_active: true }, flow: null },
  ],
  bridges: [{ id: 'b', alive: true, status: 'active' }],
  failedCalls: 0,
  refusedCalls: 0,
  today: '2026-11-30',
  untested: { total: 0, trunks: [] },
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
            {
              trunk_id: 't',
              name: 'Office',
              verdict: 'failed',
              summary: 'Failed.',
              hint: 'Wrong password.',
              cause: 'wrong-credentials',
            },
          ],
        },
      }),
    ).toEqual([{ what: 'Office: Wrong password.', fix: 'Change the setting', to: '/trunks/t/edit?field=password' }]));

  it('is a number that no call can reach', () => {
    expect(what({ numbers: [] })).toEqual([expect.stringContaining('no phone number yet')]);
    expect(what({ numbers: [{ id: 'n', is_active: true, sip_trunk_id: null, assistant: null, flow: null }] })).toEqual([
      expect.stringContaining('1 number without a trunk'),
      expect.stringContaining('1 number without an assistant'),
    ]);
    expect(what({ numbers: [{ id: 'n', is_active: false, sip_trunk_id: null, assistant: null, flow: null }] })).toEqual(
      [],
    );
  });

  it('is a trunk that no call has proven, named where there are few of them', () => {
    const quiet = (total: number) => ({
      total,
      trunks: Array.from({ length: Math.min(total, 20) }, (_, n) => ({ id: `t${n}`, name: `Trunk ${n}` })),
    });
    expect(what({ untested: quiet(2_000) })).toEqual([expect.stringContaining('2,000 enabled trunks had')]);
    expect(attentionOf({ ...calm, untested: quiet(1) })).toEqual([
      {
        what: 'Trunk 0 had no answered call in 30 days, so it is not known whether it works.',
        fix: 'Test it and place a call',
        to: '/trunks/t0',
      },
    ]);
    expect(what({ untested: quiet(4) })).toEqual([expect.stringContaining('4 enabled trunks had no answered call')]);
    const fault = {
      trunk_id: 't0',
      name: 'Trunk 0',
      verdict: 'failed',
      summary: 'Failed.',
      hint: null,
      cause: null,
    } as const;
    expect(what({ untested: quiet(1), trunks: { live: 0, faults: [fault] } })).toEqual(['Trunk 0: Failed.']);
  });

  it('leads to the calls of the organisation’s day', () =>
    expect(attentionOf({ ...calm, failedCalls: 1, refusedCalls: 1 }).map(({ to }) => to)).toEqual([
      '/calls?status=failed&from=2026-11-30',
      '/calls?from=2026-11-30',
    ]));

  it('is a call that was refused before routing', () =>
    expect(what({ refusedCalls: 1_200 })).toEqual(['1,200 calls were refused before routing today.']));

  it('is a bridge that is offline, and calls that failed', () =>
    expect(what({ bridges: [{ id: 'b', alive: false, status: 'active' }], failedCalls: 2 })).toEqual([
      expect.stringContaining('Bridge b is offline'),
      '2 calls failed today.',
    ]));
});

describe('where nothing needs attention', () => {
  const counts = { live: 2, pending: 0, disabled: 1, judged: 3, total: 3 };
  it.each([
    [counts, true, 'No problem is known: 2 enabled trunks live'],
    [counts, false, 'Not everything is known yet'],
    [{ ...counts, live: 0, disabled: 3 }, true, 'No trunk is enabled'],
    [{ ...counts, live: 1, pending: 1 }, true, '1 trunk is still being set up'],
    [{ ...counts, total: 5_000 }, true, '2 enabled trunks of the first 3 live'],
  ])('nothing is claimed that is not known %#', (of, isKnown, text) => expect(calmText(of, isKnown)).toContain(text));
});
