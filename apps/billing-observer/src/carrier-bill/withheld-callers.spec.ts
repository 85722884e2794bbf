import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Findings, type OurCall, type TheirCall } from './findings.js';
import { matchWithheld, type CallerCall, type OurCallerCall } from './withheld-callers.js';

const ours = fc.record({
  ...{ second: fc.integer({ min: 0, max: 120 }), seconds: fc.integer({ min: 0, max: 3 }) },
  ...{ withheld: fc.boolean(), answered: fc.boolean() },
});
const theirs = fc.record({
  second: fc.integer({ min: 0, max: 120 }),
  seconds: fc.integer({ min: 0, max: 3 }),
  withheld: fc.boolean(),
});
const many = <Call>(call: fc.Arbitrary<Call>) => fc.array(call, { maxLength: 12 });
const tolerance = fc.integer({ min: 0, max: 40 });
const fit = (one: OurCallerCall, other: CallerCall, within: number) =>
  one.withheld !== other.withheld && Math.abs(one.second - other.second) <= within;

describe('pairing calls when only one side knows the caller', () => {
  it('uses each call once, pairs only calls that fit, and leaves no two that fit unpaired', () =>
    fc.assert(
      fc.property(many(ours), many(theirs), tolerance, (all, others, within) => {
        const matching = matchWithheld(all, others, within);
        const used = [...matching.pairs.map(([one]) => one), ...matching.ours];
        const taken = [...matching.pairs.map(([, one]) => one), ...matching.theirs];
        expect([new Set(used).size, used.length]).toEqual([all.length, all.length]);
        expect([new Set(taken).size, taken.length]).toEqual([others.length, others.length]);
        expect(matching.pairs.filter(([one, other]) => !fit(one, other, within))).toEqual([]);
        expect(matching.ours.filter((one) => matching.theirs.some((other) => fit(one, other, within)))).toEqual([]);
      }),
    ));
  it('prefers an answered call to an unanswered one that is nearer in time', () => {
    const answered = { second: 20, seconds: 60, withheld: false, answered: true };
    const unanswered = { second: 3, seconds: 0, withheld: false, answered: false };
    const line = { second: 0, seconds: 60, withheld: true };
    expect(matchWithheld([unanswered, answered], [line], 30).pairs).toEqual([[answered, line]]);
    expect(matchWithheld([unanswered], [line], 30).pairs).toEqual([[unanswered, line]]);
  });
});

const TOLERANCE = 30;
/** Calls as they happened, too far apart in time to be confused, and which side has the caller's number. */
const truth = fc.array(
  fc.record({
    caller: fc.constantFrom('+15550100', '+15550101'),
    called: fc.constantFrom('+15550190', '+15550191'),
    seconds: fc.integer({ min: 1, max: 600 }),
    late: fc.integer({ min: 0, max: TOLERANCE }),
    weHave: fc.boolean(),
    theyHave: fc.boolean(),
    listed: fc.boolean(),
  }),
  { maxLength: 30 },
);

describe('a bill of calls with callers known to both sides, to one or to neither', () => {
  it('pairs every listed call with its own, and reports as ours only what the carrier did not list', () =>
    fc.assert(
      fc.property(truth, (calls) => {
        const findings = new Findings(TOLERANCE, { from: 0, to: Infinity });
        const second = (index: number) => index * 3 * TOLERANCE;
        const mine = calls.map((call, index): OurCall => ({
          ...{ key: '', second: second(index), seconds: call.seconds, billable_ms: call.seconds * 1_000 },
          ...{ whole_seconds: call.seconds + 5, answered: true, call_id: String(index), trunk_id: null },
          ...{ from_number: call.weHave ? call.caller : 'anonymous', withheld: !call.weHave, to_number: call.called },
        }));
        const billed = calls.flatMap((call, index): TheirCall[] => [
          {
            ...{ key: '', second: second(index) + call.late, seconds: call.seconds, line: index, reference: null },
            ...{ from_number: call.theyHave ? call.caller : '', withheld: !call.theyHave, to_number: call.called },
            ...{ amount_micros: null, currency: null },
          },
        ]);
        const bill = billed.filter((_line, index) => calls[index]!.listed);
        const keyOf = ({ withheld, from_number, to_number }: OurCall | TheirCall) =>
          `${withheld ? '' : from_number} ${to_number}`;
        const left: { ours: OurCall[]; theirs: TheirCall[] } = { ours: [], theirs: [] };
        for (const key of new Set([...mine, ...bill].map(keyOf))) {
          const of = (call: OurCall | TheirCall) => keyOf(call) === key;
          const taken = findings.take({ ours: mine.filter(of), theirs: bill.filter(of) });
          expect(taken.found).toEqual([]);
          left.ours.push(...taken.left.ours);
          left.theirs.push(...taken.left.theirs);
        }
        const found = ['+15550190', '+15550191'].flatMap((called) =>
          findings.takeLeft({
            ours: left.ours.filter(({ to_number }) => to_number === called),
            theirs: left.theirs.filter(({ to_number }) => to_number === called),
          }),
        );
        const missing = mine.filter((_call, index) => !calls[index]!.listed).map(({ call_id }) => call_id);
        expect(found.map(({ kind, ours: one }) => [kind, one?.call_id]).toSorted()).toEqual(
          missing.map((id) => ['only-ours', id]).toSorted(),
        );
        const listed = calls.filter(({ listed: is }) => is);
        expect([findings.pairs, findings.withheld]).toEqual([
          listed.length,
          listed.filter(({ weHave, theyHave }) => weHave !== theyHave).length,
        ]);
      }),
    ));
});
