import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  acknowledged,
  confirmed,
  countUnconfirmed,
  createUnconfirmed,
  failed,
  resendOld,
  takeNext,
} from './unconfirmed.js';

const MINUTE = 60_000;
const send = (state: ReturnType<typeof createUnconfirmed>, now = 0) => {
  const number = takeNext(state)!;
  acknowledged(state, number, now);
  return number;
};

describe('records that are not confirmed', () => {
  it('are sent lowest first, and not again while nothing asks for it', () => {
    const state = createUnconfirmed([3, 4, 5]);
    expect([send(state), send(state), send(state)]).toEqual([3, 4, 5]);
    expect(takeNext(state)).toBeUndefined();
    expect(countUnconfirmed(state)).toBe(3);
  });

  it('one that fails goes behind the others', () => {
    const state = createUnconfirmed([1, 2]);
    failed(state, takeNext(state)!);
    expect([takeNext(state), takeNext(state)]).toEqual([2, 1]);
  });

  it('are forgotten up to where billing-observer has them, even one on its way', () => {
    const state = createUnconfirmed([1, 2, 3]);
    send(state);
    const onItsWay = takeNext(state)!;
    confirmed(state, { through: 2, missing: [] }, 0);
    acknowledged(state, onItsWay, 0);
    failed(state, onItsWay);
    expect([countUnconfirmed(state), takeNext(state)]).toEqual([1, 3]);
  });

  it.each<[string, number, number[]]>([
    ['right after it was sent', 1_999, []],
    ['two seconds later', 2_000, [2]],
  ])('one named missing, %s', (_case, later, expected) => {
    const state = createUnconfirmed([1, 2, 3]);
    [1, 2, 3].forEach(() => send(state));
    confirmed(state, { through: 1, missing: [2] }, later);
    expect([...state.unsent]).toEqual(expected);
  });

  it('one named missing again and again is sent less and less often', () => {
    const state = createUnconfirmed([1, 2]);
    [1, 2].forEach(() => send(state));
    const sentAt: number[] = [];
    for (let now = 0; now < 30_000; now += 500) {
      confirmed(state, { through: 0, missing: [1] }, now);
      if (state.unsent.size > 0) {
        send(state, now);
        sentAt.push(now);
      }
    }
    expect(sentAt).toEqual([2_000, 6_000, 14_000]);
  });

  it('one that is missing and not on this disk is nothing to send', () => {
    const state = createUnconfirmed([5]);
    send(state);
    confirmed(state, { through: 0, missing: [1, 2, 3, 4] }, MINUTE);
    expect(takeNext(state)).toBeUndefined();
  });

  it('one that nobody confirms is sent again after five minutes, then ten', () => {
    const state = createUnconfirmed([1]);
    send(state, 0);
    resendOld(state, 5 * MINUTE - 1);
    expect(state.unsent.size).toBe(0);
    resendOld(state, 5 * MINUTE);
    expect(send(state, 5 * MINUTE)).toBe(1);
    resendOld(state, 14 * MINUTE);
    expect(state.unsent.size).toBe(0);
    resendOld(state, 15 * MINUTE);
    expect(state.unsent.size).toBe(1);
    expect(countUnconfirmed(state)).toBe(1);
  });

  it('each is in one place, whatever happens, until it is confirmed', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constantFrom('ack' as const, 'fail' as const), number: fc.integer({ min: 1, max: 12 }) }),
      fc.record({
        do: fc.constant('confirm' as const),
        through: fc.integer({ min: 0, max: 12 }),
        missing: fc.array(fc.integer({ min: 1, max: 12 })),
      }),
      fc.record({ do: fc.constant('old' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const state = createUnconfirmed([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let through = 0;
        steps.forEach((one, index) => {
          const now = index * MINUTE;
          if (one.do === 'take') takeNext(state);
          if (one.do === 'ack') acknowledged(state, one.number, now);
          if (one.do === 'fail') failed(state, one.number);
          if (one.do === 'old') resendOld(state, now);
          if (one.do === 'confirm') {
            through = Math.max(through, one.through);
            confirmed(state, one, now);
          }
          const all = [...state.unsent, ...state.sending, ...state.sent].sort((a, b) => a - b);
          expect(all).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((number) => number > through));
        });
      }),
    );
  });
});
