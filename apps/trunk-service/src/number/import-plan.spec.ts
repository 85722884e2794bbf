import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import { sealForTest } from '../call-settings/seal-fixture.js';
import type { Loaded } from '../event-store/decided.js';
import {
  planImport,
  refusedLines,
  withoutRepeats,
  type ImportContext,
  type ImportLine,
  type ImportRules,
  type OnDuplicate,
  type UniqueLines,
} from './import-plan.js';
import { NEW_NUMBER } from './number.js';
import { NUMBER_SCHEMAS } from './number-input.js';

const ORG = '01890000-0000-7000-8000-0000000000aa';
const TRUNK = '01890000-0000-7000-8000-0000000000b1';
const T0 = '2026-01-01T00:00:00.000Z';
const state = (phone_number: string): NumberState => ({
  id: '01890000-0000-7000-8000-000000000001',
  organization_id: ORG,
  phone_number,
  ...NEW_NUMBER,
  created_at: T0,
  updated_at: T0,
});
const line = (n: number, entry: object): ImportLine => ({ line: n, entry: NUMBER_SCHEMAS.entry.parse(entry) });
const trunks = {
  trunkIds: new Set([TRUNK]),
  trunkIdByName: (name: string) => (name.toLowerCase() === 'carrier' ? TRUNK : undefined),
};
const fresh = (number: string): Loaded<NumberState> => ({ subject: `s${number}`, version: 0, state: null });
const context = (over: Partial<ImportContext> = {}): ImportContext => {
  let ids = 0;
  return {
    organizationId: ORG,
    at: T0,
    onDuplicate: 'error',
    number: fresh,
    newId: () => `00000000-0000-7000-8000-${String(ids++).padStart(12, '0')}`,
    seal: sealForTest,
    ...trunks,
    ...over,
  };
};
const rules = (over: Partial<ImportRules> = {}): ImportRules => ({
  verified: new Set(),
  mayVerify: false,
  onDuplicate: 'error',
  mine: new Set(),
  taken: new Set(),
  ...trunks,
  ...over,
});
const left =
  (there = true) =>
  (number: string): Loaded<NumberState> => ({ subject: `s${number}`, version: 4, state: there ? state(number) : null });

function uniqueOf(lines: readonly ImportLine[]): UniqueLines {
  const steps = withoutRepeats(lines);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

const UNKNOWN_TRUNK = 'is not one of your trunks; correct the name or id, or create the trunk first';

describe('an import', () => {
  it('adds what is new, with its trunk by id or by name', () => {
    const plan = planImport(
      [
        line(2, { phone_number: '+15550000001', sip_trunk: 'CARRIER' }),
        line(3, { phone_number: '+15550000002', sip_trunk_id: TRUNK.toUpperCase() }),
      ],
      context(),
    );
    expect(plan).toMatchObject({ added: 2 });
    expect(
      plan.steps.map(({ before, events }) => [
        before.version,
        events[0]!.type,
        (events[0]!.state as NumberState).sip_trunk_id,
      ]),
    ).toEqual([
      [0, 'NumberAdded', TRUNK],
      [0, 'NumberAdded', TRUNK],
    ]);
  });

  it('goes on where a removed number left off', () =>
    expect(planImport([line(2, { phone_number: '+15550000001' })], context({ number: left(false) }))).toMatchObject({
      added: 1,
      steps: [{ before: { version: 4 }, events: [{ type: 'NumberAdded' }] }],
    }));

  it.each([
    ['skip', { skipped: 1, steps: [] }],
    ['update', { updated: 1, steps: [{ before: { version: 4 }, events: [{ type: 'NumberUpdated' }] }] }],
  ] as const)('with on_duplicate=%s', (onDuplicate, plan) =>
    expect(
      planImport(
        [line(2, { phone_number: '+15550000001', friendly_name: 'New' })],
        context({ onDuplicate, number: left() }),
      ),
    ).toMatchObject(plan),
  );

  it('counts what an update would not change', () =>
    expect(
      planImport([line(2, { phone_number: '+15550000001' })], context({ onDuplicate: 'update', number: left() })),
    ).toMatchObject({ unchanged: 1, updated: 0, steps: [] }));

  it.each([
    ['error', 1],
    ['skip', 0],
    ['update', 0],
  ] as const)('refuses what is there already with on_duplicate=%s: %s lines', (onDuplicate, refused) =>
    expect(
      refusedLines(
        [line(2, { phone_number: '+15550000001' })],
        rules({ onDuplicate, mine: new Set(['+15550000001']) }),
      ),
    ).toHaveLength(refused),
  );

  it.each([['error'], ['skip'], ['update']] as const)(
    "refuses what is somebody else's, with on_duplicate=%s, without saying whose",
    (onDuplicate) =>
      expect(
        refusedLines(
          [line(7, { phone_number: '+15550000001' })],
          rules({ onDuplicate, taken: new Set(['+15550000001']) }),
        ),
      ).toEqual([
        {
          line: 7,
          pointer: '/phone_number',
          message: '+15550000001 is already in use. If it is yours, claim it: POST /api/v1/phone-numbers/claims.',
        },
      ]),
  );

  it('tells of every line that is wrong', () =>
    expect(
      refusedLines(
        [
          line(2, { phone_number: '+15550000001', sip_trunk: 'nobody' }),
          line(3, { phone_number: '+15550000002' }),
          line(4, { phone_number: '+15550000003', sip_trunk_id: ORG }),
        ],
        rules(),
      ),
    ).toEqual([
      { line: 2, pointer: '/sip_trunk', message: UNKNOWN_TRUNK },
      { line: 4, pointer: '/sip_trunk_id', message: UNKNOWN_TRUNK },
    ]));

  it('names the line in which a number stood before', () =>
    expect(uniqueOf([line(2, { phone_number: '+15550000001' }), line(9, { phone_number: '+1 555 000 0001' })])).toEqual(
      {
        lines: [expect.objectContaining({ line: 2 })],
        problems: [
          {
            line: 9,
            pointer: '/phone_number',
            message: '+15550000001 is in line 2 already; remove one of the two lines',
          },
        ],
      },
    ));

  it('makes one thing of every line, whatever there was before', () => {
    const number = fc.integer({ min: 0, max: 30 }).map((n) => `+155500000${String(n).padStart(2, '0')}`);
    fc.assert(
      fc.property(
        fc.array(number),
        fc.array(number),
        fc.array(number),
        fc.constantFrom('error', 'skip', 'update' as const),
        (wanted, have, others, policy) => {
          const onDuplicate = policy as OnDuplicate;
          const { lines, problems } = uniqueOf(
            wanted.map((phone_number, index) => line(index + 1, { phone_number, friendly_name: 'x' })),
          );
          const mine = new Set(have);
          const refused = refusedLines(lines, rules({ onDuplicate, mine, taken: new Set(others) }));
          const rest = lines.filter((each) => !refused.some((problem) => problem.line === each.line));
          const plan = planImport(
            rest,
            context({ onDuplicate, number: (phone) => (mine.has(phone) ? left()(phone) : fresh(phone)) }),
          );
          expect(plan.added + plan.updated + plan.unchanged + plan.skipped + refused.length + problems.length).toBe(
            wanted.length,
          );
          expect(plan.steps.length).toBe(plan.added + plan.updated);
          expect(plan.outcomes).toHaveLength(rest.length);
        },
      ),
    );
  });
});
