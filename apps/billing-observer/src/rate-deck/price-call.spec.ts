import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Deck, type PricedCall, type Rate } from './price-call.js';

const JANUARY = Date.parse('2026-01-01T00:00:00Z');
const JUNE = Date.parse('2026-06-01T00:00:00Z');
const rate = (prefix: string, micros: number, over: Partial<Rate> = {}): Rate => ({
  direction: 'outbound',
  prefix,
  from: JANUARY,
  rate_micros: BigInt(micros),
  increments: '60/60',
  minimum_seconds: 0,
  ...over,
});
const call = (to: string, over: Partial<PricedCall> = {}): PricedCall => ({
  direction: 'outbound',
  to,
  began: JUNE,
  billable_seconds: 61n,
  ...over,
});

describe('a deck', () => {
  const deck = new Deck([
    rate('49', 10_000),
    rate('4915', 60_000, { increments: '30/6' }),
    rate('4915', 90_000, { from: JUNE, increments: '30/6' }),
    rate('4930', 1_000, { from: JUNE + 1 }),
    rate('1', 5_000, { minimum_seconds: 180 }),
    rate('1555', 3_000, { direction: 'inbound', increments: '1/1' }),
  ]);
  it.each<[string, PricedCall, bigint | undefined]>([
    ['charges whole minutes', call('+4940555123'), 20_000n],
    ['takes the longest prefix', call('+4915555123'), 99_000n],
    ['takes the rate in effect when the call began', call('+4915555123', { began: JUNE - 1 }), 66_000n],
    ['takes a shorter prefix while the longer one is not in effect', call('+4930555123'), 20_000n],
    ['charges the minimum', call('+15551234567'), 15_000n],
    ['tells directions apart', call('+15551234567', { direction: 'inbound' }), 3_050n],
    ['has no rate for others', call('+4420555123'), undefined],
    ['has no rate before the first', call('+4940555123', { began: JANUARY - 1 }), undefined],
    ['has no rate for what is no number', call('anonymous'), undefined],
    ['charges nothing for an unanswered call', call('+4940555123', { billable_seconds: 0n }), 0n],
  ])('%s', (_what, priced, amount) => expect(deck.price(priced)).toBe(amount));

  it('agrees with a search through all its rates', () =>
    fc.assert(
      fc.property(
        fc.array(fc.record({ prefix: fc.stringMatching(/^[1-3]{1,4}$/), from: fc.nat(5), micros: fc.nat(999) })),
        fc.array(fc.record({ to: fc.stringMatching(/^\+[1-3]{1,6}$/), began: fc.nat(6) })),
        (rates, calls) => {
          const unique = [...new Map(rates.map((one) => [`${one.prefix}/${one.from}`, one])).values()];
          const made = new Deck(unique.map(({ prefix, from, micros }) => rate(prefix, micros, { from })));
          for (const { to, began } of calls) {
            const [best] = unique
              .filter(({ prefix, from }) => to.startsWith(`+${prefix}`) && from <= began)
              .sort((a, b) => b.prefix.length - a.prefix.length || b.from - a.from);
            const expected = best === undefined ? undefined : BigInt(best.micros);
            expect(made.price(call(to, { began, billable_seconds: 1n }))).toBe(expected);
          }
        },
      ),
    ));
});
