import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { sealForTest } from '../call-settings/seal-fixture.js';
import { NUMBER_SCHEMAS } from '../number/number-input.js';
import { stateAfter, type DecidedEvent, type Loaded } from '../event-store/decided.js';
import { trunkBody } from '../trunk/trunk-input.js';
import { planNumbers, type NumberPlan } from './sync-numbers.js';
import { planTrunks, type TrunkPlan } from './sync-trunks.js';

const ORG = '01890000-0000-7000-8000-0000000000aa';
const AT = '2026-01-01T00:00:00.000Z';
const schema = trunkBody({ allowPrivate: true });
const id = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`;

function atOnce<Result>(steps: Generator<unknown, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The record of one organisation, folded by what the plans decide. */
class Organization {
  private readonly entities = new Map<string, Loaded<unknown>>();
  private ids = 500;
  readonly foreignIds = new Set<string>();
  readonly foreignNumbers = new Set<string>();

  load = <State>(subject: string): Loaded<State> =>
    (this.entities.get(subject) ?? { subject, version: 0, state: null }) as Loaded<State>;
  own = <State>(kind: 'trunk' | 'number') =>
    [...this.entities.values()].filter(
      ({ subject, state }) => subject.startsWith(kind) && state !== null,
    ) as Loaded<State>[];

  plan(body: { trunks: unknown[]; numbers?: unknown[] }): { trunks: TrunkPlan; numbers: NumberPlan } {
    const newId = () => id(this.ids++);
    const trunks = atOnce(
      planTrunks(
        body.trunks,
        { own: this.own<TrunkState>('trunk'), foreignIds: this.foreignIds },
        {
          organizationId: ORG,
          pools: ['default', 'eu'],
          schema,
          place: ({ bridge_id }) => bridge_id,
          newId,
          next: ({ version }) => ({ version: version + 1, at: AT }),
          trunk: (which) => this.load(`trunk ${which}`),
          sealed: (wanted, { password }) =>
            wanted === undefined || (wanted !== null && password === `sealed ${wanted}`)
              ? undefined
              : wanted && `sealed ${wanted}`,
        },
      ),
    );
    const numbers = atOnce(
      planNumbers(
        (body.numbers ?? []).map((entry, index) => ({ index, entry: NUMBER_SCHEMAS.entry.parse(entry) })),
        this.own<NumberState>('number').map(({ state }) => state!.phone_number),
        trunks,
        {
          organizationId: ORG,
          at: AT,
          newId,
          seal: sealForTest,
          number: (number) => this.load(`number ${number}`),
          taken: this.foreignNumbers,
        },
      ),
    );
    return { trunks, numbers };
  }

  sync(body: { trunks: unknown[]; numbers?: unknown[] }) {
    const plan = this.plan(body);
    const { trunks, numbers } = plan;
    if (trunks.problems.length + numbers.problems.length > 0) return plan;
    for (const { before, events } of [
      ...trunks.created,
      ...trunks.updated,
      ...numbers.deleted,
      ...numbers.updated,
      ...numbers.created,
      ...trunks.deleted,
    ]) {
      this.entities.set(before.subject, stateAfter(before, events as (DecidedEvent & { state: unknown })[]));
    }
    return plan;
  }

  trunks = () => this.own<TrunkState>('trunk').map(({ state }) => state!);
  numbers = () => this.own<NumberState>('number').map(({ state }) => state!);
}

const trunk = (name: string, over: object = {}) => ({
  name,
  gateway: 'sip.example.com',
  username: 'alice',
  password: 'secret',
  ...over,
});
const shape = ({ trunks, numbers }: { trunks: TrunkPlan; numbers: NumberPlan }) => ({
  trunks: [trunks.created.length, trunks.updated.length, trunks.deleted.length, trunks.unchanged.length],
  numbers: [numbers.created.length, numbers.updated.length, numbers.deleted.length, numbers.unchanged],
  problems: [...trunks.problems, ...numbers.problems],
});

describe('the whole configuration of an organisation', () => {
  it('is created, and sent again changes nothing', () => {
    const organization = new Organization();
    const body = {
      trunks: [trunk('A'), trunk('B', { register: false })],
      numbers: [
        { phone_number: '+15550000001', sip_trunk: 'a' },
        { phone_number: '+15550000002', assistant_id: 3 },
      ],
    };
    expect(shape(organization.sync(body))).toEqual({ trunks: [2, 0, 0, 0], numbers: [2, 0, 0, 0], problems: [] });
    expect(organization.numbers()[0]!.sip_trunk_id).toBe(organization.trunks()[0]!.id);
    expect(shape(organization.plan(body))).toEqual({ trunks: [0, 0, 0, 2], numbers: [0, 0, 0, 2], problems: [] });
  });

  it('takes away what is not in it', () => {
    const organization = new Organization();
    organization.sync({
      trunks: [trunk('A'), trunk('B')],
      numbers: [
        { phone_number: '+15550000001', sip_trunk: 'A' },
        { phone_number: '+15550000002', sip_trunk: 'B' },
      ],
    });
    expect(
      shape(organization.sync({ trunks: [trunk('B')], numbers: [{ phone_number: '+15550000001', sip_trunk: 'B' }] })),
    ).toMatchObject({ trunks: [0, 0, 1, 1], numbers: [0, 1, 1, 0] });
    expect(organization.trunks().map(({ name }) => name)).toEqual(['B']);
  });

  it('keeps the id that it is given, and finds the trunk by it under another name', () => {
    const organization = new Organization();
    organization.sync({
      trunks: [trunk('A', { id: id(7).toUpperCase() })],
      numbers: [{ phone_number: '+15550000001', sip_trunk_id: id(7) }],
    });
    expect(organization.trunks()[0]!.id).toBe(id(7));
    expect(
      shape(
        organization.sync({
          trunks: [trunk('Renamed', { id: id(7) })],
          numbers: [{ phone_number: '+15550000001', sip_trunk_id: id(7) }],
        }),
      ),
    ).toMatchObject({ trunks: [0, 1, 0, 0], numbers: [0, 0, 0, 1] });
  });

  it("finds a trunk by its name where the id is another system's, and understands that id in the numbers", () => {
    const organization = new Organization();
    organization.sync({ trunks: [trunk('A')] });
    const mine = organization.trunks()[0]!.id;
    expect(
      shape(
        organization.sync({
          trunks: [trunk(' a ', { id: id(99) })],
          numbers: [{ phone_number: '+15550000001', sip_trunk_id: id(99) }],
        }),
      ),
    ).toMatchObject({ trunks: [0, 1, 0, 0], numbers: [1, 0, 0, 0] });
    expect(organization.numbers()[0]!.sip_trunk_id).toBe(mine);
  });

  it("never takes the id of another organisation's trunk", () => {
    const organization = new Organization();
    organization.foreignIds.add(id(99));
    const body = {
      trunks: [trunk('A', { id: id(99) })],
      numbers: [{ phone_number: '+15550000001', sip_trunk_id: id(99) }],
    };
    organization.sync(body);
    expect(organization.trunks()[0]!.id).not.toBe(id(99));
    expect(organization.numbers()[0]!.sip_trunk_id).toBe(organization.trunks()[0]!.id);
    expect(shape(organization.plan(body))).toEqual({ trunks: [0, 0, 0, 1], numbers: [0, 0, 0, 1], problems: [] });
  });

  it('swaps two names', () => {
    const organization = new Organization();
    organization.sync({ trunks: [trunk('A', { id: id(1) }), trunk('B', { id: id(2) })] });
    expect(shape(organization.sync({ trunks: [trunk('B', { id: id(1) }), trunk('A', { id: id(2) })] }))).toMatchObject({
      trunks: [0, 2, 0, 0],
    });
  });

  it('keeps a password that it does not name, and changes one that it does', () => {
    const organization = new Organization();
    organization.sync({ trunks: [trunk('A')] });
    expect(shape(organization.plan({ trunks: [trunk('A', { password: undefined })] }))).toMatchObject({
      trunks: [0, 0, 0, 1],
    });
    expect(organization.plan({ trunks: [trunk('A', { password: 'other' })] }).trunks.updated[0]!.events).toMatchObject([
      { type: 'TrunkCredentialsChanged', change: { reason: 'changed' } },
    ]);
  });

  it('keeps an omitted signing secret of a number, and clears its omitted call settings', () => {
    const organization = new Organization();
    const whole = { phone_number: '+15550000001', record: true, signing_secret: 'a-secret-of-a-test' };
    organization.sync({ trunks: [], numbers: [whole] });
    expect(shape(organization.plan({ trunks: [], numbers: [whole] }))).toMatchObject({ numbers: [0, 0, 0, 1] });
    organization.sync({ trunks: [], numbers: [{ phone_number: '+15550000001' }] });
    const [number] = organization.numbers();
    expect(number!.call_settings).toEqual({ signing_secret: expect.stringContaining(number!.id) });
  });

  it('does not enable what was disabled', () => {
    const organization = new Organization();
    organization.sync({ trunks: [trunk('A', { enabled: false })] });
    expect(shape(organization.plan({ trunks: [trunk('A')] }))).toMatchObject({ trunks: [0, 0, 0, 1] });
  });

  it('goes on with the version of what was deleted', () => {
    const organization = new Organization();
    organization.sync({ trunks: [trunk('A', { id: id(1) })] });
    organization.sync({ trunks: [] });
    const { trunks } = organization.sync({ trunks: [trunk('A', { id: id(1) })] });
    expect(trunks.created[0]!.before.version).toBe(2);
    expect(organization.trunks()[0]!.gateway_revision).toBe(3);
  });

  it('tells of everything that is wrong at once', () => {
    const organization = new Organization();
    organization.foreignNumbers.add('+15550000003');
    const { problems } = shape(
      organization.plan({
        trunks: [
          trunk('A'),
          trunk('a'),
          trunk('C', { gateway: 'http://x' }),
          trunk('D', { id: 'seven' }),
          { name: 'E', gateway: 'sip.example.com' },
          null,
        ],
        numbers: [
          { phone_number: '+15550000001', sip_trunk: 'nobody' },
          { phone_number: '+15550000002' },
          { phone_number: '+1 555 000 0002' },
          { phone_number: '+15550000003' },
          { phone_number: '+15550000004', sip_trunk_id: id(1) },
        ],
      }),
    );
    expect(problems.map(({ pointer }) => pointer).sort()).toEqual([
      '/numbers/0/sip_trunk',
      '/numbers/2/phone_number',
      '/numbers/3/phone_number',
      '/numbers/4/sip_trunk_id',
      '/trunks/1/name',
      '/trunks/2/gateway',
      '/trunks/3/id',
      '/trunks/4/password',
      '/trunks/4/username',
      '/trunks/5',
    ]);
  });

  it('whatever it is and was, is what there is afterwards, and asking again writes nothing', () => {
    const name = fc.constantFrom('A', 'B', 'C', 'D');
    const body = fc
      .record({
        trunks: fc.uniqueArray(
          fc.record({
            name,
            ids: fc.option(fc.integer({ min: 1, max: 4 })),
            register: fc.boolean(),
            priority: fc.integer({ min: 1, max: 3 }),
          }),
          { selector: (each) => each.name, maxLength: 4 },
        ),
        numbers: fc.uniqueArray(
          fc.record({
            n: fc.integer({ min: 0, max: 5 }),
            sip_trunk: fc.option(name, { nil: undefined }),
            friendly_name: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
          }),
          { selector: (each) => each.n, maxLength: 6 },
        ),
      })
      .map(({ trunks, numbers }) => {
        const used = new Set<number>();
        return {
          trunks: trunks.map(({ ids, ...each }) => ({
            ...trunk(each.name),
            ...each,
            ...(ids !== null && !used.has(ids) && used.add(ids) ? { id: id(ids) } : {}),
          })),
          numbers: numbers.map(({ n, sip_trunk, ...each }) => ({
            phone_number: `+1555000000${n}`,
            ...each,
            sip_trunk: trunks.some((t) => t.name === sip_trunk) ? sip_trunk : undefined,
          })),
        };
      });
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 5 }), (bodies) => {
        const organization = new Organization();
        for (const each of bodies) {
          expect(shape(organization.sync(each)).problems).toEqual([]);
          const names = new Map(organization.trunks().map((one) => [one.id, one.name]));
          expect([...names.values()].sort()).toEqual(each.trunks.map((one) => one.name).sort());
          expect(
            organization
              .numbers()
              .map((one) => [one.phone_number, names.get(one.sip_trunk_id ?? '') ?? undefined])
              .sort(),
          ).toEqual(each.numbers.map((one) => [one.phone_number, one.sip_trunk]).sort());
          expect(shape(organization.plan(each))).toEqual({
            trunks: [0, 0, 0, each.trunks.length],
            numbers: [0, 0, 0, each.numbers.length],
            problems: [],
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});
