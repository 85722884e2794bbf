import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import { planImport, withoutRepeats, type ImportContext, type ImportLine } from './import-plan.js';
import { NEW_NUMBER } from './number.js';
import { numberEntry } from './number-input.js';

const ORG = '01890000-0000-7000-8000-0000000000aa';
const TRUNK = '01890000-0000-7000-8000-0000000000b1';
const T0 = '2026-01-01T00:00:00.000Z';
const state = (phone_number: string): NumberState => ({ id: '01890000-0000-7000-8000-000000000001', organization_id: ORG, phone_number, ...NEW_NUMBER, created_at: T0, updated_at: T0 });
const line = (n: number, entry: object): ImportLine => ({ line: n, entry: numberEntry.parse(entry) });
const context = (over: Partial<ImportContext> = {}): ImportContext => {
  let ids = 0;
  return {
    organizationId: ORG, at: T0, onDuplicate: 'error', mine: new Map(), taken: new Set(), trunkIds: new Set([TRUNK]),
    trunkIdByName: (name) => (name.toLowerCase() === 'carrier' ? TRUNK : undefined), subjectOf: (number) => `s${number}`, newId: () => `00000000-0000-7000-8000-${String(ids++).padStart(12, '0')}`, ...over,
  };
};
const mine = (number: string, there = true) => new Map([[number, { subject: `s${number}`, version: 4, state: there ? state(number) : null }]]);

describe('an import', () => {
  it('adds what is new, with its trunk by id or by name', () => {
    const plan = planImport([line(2, { phone_number: '+15550000001', sip_trunk: 'CARRIER' }), line(3, { phone_number: '+15550000002', sip_trunk_id: TRUNK.toUpperCase() })], context());
    expect(plan).toMatchObject({ added: 2, problems: [] });
    expect(plan.steps.map(({ before, events }) => [before.version, events[0]!.type, (events[0]!.state as NumberState).sip_trunk_id])).toEqual([[0, 'NumberAdded', TRUNK], [0, 'NumberAdded', TRUNK]]);
  });

  it('goes on where a removed number left off', () => expect(planImport([line(2, { phone_number: '+15550000001' })], context({ mine: mine('+15550000001', false) })))
    .toMatchObject({ added: 1, steps: [{ before: { version: 4 }, events: [{ type: 'NumberAdded' }] }] }));

  it.each([
    ['error', { problems: [{ line: 2, pointer: '/phone_number', message: expect.stringContaining('already one of your numbers') }], steps: [] }],
    ['skip', { skipped: 1, steps: [], problems: [] }],
    ['update', { updated: 1, steps: [{ before: { version: 4 }, events: [{ type: 'NumberUpdated' }] }], problems: [] }],
  ] as const)('with on_duplicate=%s', (onDuplicate, plan) => expect(planImport([line(2, { phone_number: '+15550000001', friendly_name: 'New' })], context({ onDuplicate, mine: mine('+15550000001') }))).toMatchObject(plan));

  it('counts what an update would not change', () => expect(planImport([line(2, { phone_number: '+15550000001' })], context({ onDuplicate: 'update', mine: mine('+15550000001') })))
    .toMatchObject({ unchanged: 1, updated: 0, steps: [] }));

  it.each([['error'], ['skip'], ['update']] as const)('refuses what is somebody else\'s, with on_duplicate=%s, without saying whose', (onDuplicate) => {
    const { problems, steps } = planImport([line(7, { phone_number: '+15550000001' })], context({ onDuplicate, taken: new Set(['+15550000001']) }));
    expect(steps).toEqual([]);
    expect(problems).toEqual([{ line: 7, pointer: '/phone_number', message: '+15550000001 is already in use' }]);
  });

  it('tells of every line that is wrong', () => expect(planImport([
    line(2, { phone_number: '+15550000001', sip_trunk: 'nobody' }), line(3, { phone_number: '+15550000002' }), line(4, { phone_number: '+15550000003', sip_trunk_id: ORG }),
  ], context()).problems).toEqual([{ line: 2, pointer: '/sip_trunk', message: 'is not one of your trunks' }, { line: 4, pointer: '/sip_trunk_id', message: 'is not one of your trunks' }]));

  it('names the line in which a number stood before', () => expect(withoutRepeats([line(2, { phone_number: '+15550000001' }), line(9, { phone_number: '+1 555 000 0001' })]))
    .toEqual({ lines: [expect.objectContaining({ line: 2 })], problems: [{ line: 9, pointer: '/phone_number', message: '+15550000001 is in line 2 already' }] }));

  it('makes one thing of every line, whatever there was before', () => {
    const number = fc.integer({ min: 0, max: 30 }).map((n) => `+155500000${String(n).padStart(2, '0')}`);
    fc.assert(fc.property(fc.array(number), fc.array(number), fc.array(number), fc.constantFrom('error', 'skip', 'update' as const), (wanted, have, others, onDuplicate) => {
      const { lines, problems } = withoutRepeats(wanted.map((phone_number, index) => line(index + 1, { phone_number, friendly_name: 'x' })));
      const own = new Map(have.map((phone_number) => [phone_number, { subject: phone_number, version: 1, state: state(phone_number) }]));
      const plan = planImport(lines, context({ onDuplicate: onDuplicate as 'error', mine: own, taken: new Set(others) }));
      expect(plan.added + plan.updated + plan.unchanged + plan.skipped + plan.problems.length + problems.length).toBe(wanted.length);
      expect(plan.steps.length).toBe(plan.added + plan.updated);
    }));
  });
});
