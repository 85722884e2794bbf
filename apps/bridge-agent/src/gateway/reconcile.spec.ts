import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gatewayName, parseGatewayName } from '@trunkmesh/contracts/trunk.js';
import {
  noteAdded,
  noteAsked,
  noteDeleted,
  noteList,
  noteState,
  type ObservedGateway,
  type ObservedMap,
} from './observed.js';
import {
  driftOf,
  isIdle,
  reconcile,
  REFUSED_AGAIN_MS,
  REPLACEMENTS_AT_ONCE,
  RETRY_CEILING_MS,
  type DesiredGateway,
  type Plan,
  type Situation,
} from './reconcile.js';
import { ANSWER_FRESH_MS, CHALLENGE_FRESH_MS, REFRESH_DEADLINE_MS } from './removal-step.js';

const id = (n: number) => `0190a5b2-7c00-7000-8000-${String(n).padStart(12, '0')}`;
const NOW = 1_000_000;

function want(n: number, revision = 1, content = ''): DesiredGateway {
  const name = gatewayName({ id: id(n), gateway_revision: revision });
  return { trunkId: id(n), name, xml: `${name}|${content}` };
}

function has(name: string, more: Partial<ObservedGateway> = {}): ObservedGateway {
  return {
    name,
    state: 'REGED',
    up: true,
    settled: 'REGED',
    settledAt: NOW,
    sipStatus: 200,
    sipPhrase: 'OK',
    registeredAt: NOW,
    challengedAt: NOW,
    isNew: false,
    triedAt: null,
    tryingAt: null,
    refreshedAt: null,
    killed: false,
    predecessorGone: false,
    ...more,
  };
}

function situation(
  desired: DesiredGateway[],
  observed: ObservedGateway[],
  files: DesiredGateway[],
  more: Partial<Situation> = {},
): Situation {
  return {
    desired: new Map(desired.map((gateway) => [gateway.trunkId, gateway])),
    observed: new Map(observed.map((gateway) => [gateway.name, gateway])),
    files: new Map(files.map((gateway) => [gateway.trunkId, gateway.xml])),
    held: new Set(),
    offeredAt: new Map(),
    remakes: new Map(),
    now: NOW,
    ...more,
  };
}

const NOTHING: Plan = {
  write: [],
  remove: [],
  add: [],
  kill: [],
  refresh: [],
  retry: [],
  remake: [],
  nextAt: null,
  waiting: 0,
};

describe('given what FreeSWITCH has, the plan', () => {
  it('is empty when nothing differs', () => {
    const gateway = want(1);
    const plan = reconcile(situation([gateway], [has(gateway.name)], [gateway]));
    expect(plan).toEqual(NOTHING);
    expect(isIdle(plan)).toBe(true);
  });

  it('writes and loads what is new', () => {
    expect(reconcile(situation([want(1)], [], []))).toEqual({
      ...NOTHING,
      write: [{ file: id(1), xml: want(1).xml }],
      add: [want(1).name],
    });
  });

  it('loads what FreeSWITCH lost although its file is there', () => {
    expect(reconcile(situation([want(1)], [], [want(1)]))).toEqual({ ...NOTHING, add: [want(1).name] });
  });

  it("brings the new revision and kills the old one in one go while the old one's challenge is fresh", () => {
    const plan = reconcile(situation([want(1, 2)], [has(want(1, 1).name)], [want(1, 1)]));
    expect(plan).toEqual({
      ...NOTHING,
      write: [{ file: id(1), xml: want(1, 2).xml }],
      add: [want(1, 2).name],
      kill: [want(1, 1).name],
      waiting: 1,
    });
  });

  it('lets the old revision register again first when its challenge is old, and the new one waits', () => {
    const old = has(want(1, 1).name, { challengedAt: NOW - CHALLENGE_FRESH_MS });
    expect(reconcile(situation([want(1, 2)], [old], [want(1, 1)]))).toEqual({
      ...NOTHING,
      refresh: [old.name],
      waiting: 2,
    });
    const asked = { ...old, refreshedAt: NOW };
    expect(reconcile(situation([want(1, 2)], [asked], [want(1, 1)]))).toEqual({ ...NOTHING, waiting: 2 });
    const trying = { ...asked, state: 'TRYING' as const, tryingAt: NOW };
    expect(reconcile(situation([want(1, 2)], [trying], [want(1, 1)], { now: NOW + 1 })).kill).toEqual([]);
    const answered = { ...asked, state: 'REGISTER' as const, registeredAt: NOW + 20 };
    const before = { ...asked, registeredAt: NOW - 20 };
    expect(reconcile(situation([want(1, 2)], [before], [want(1, 1)], { now: NOW + 21 })).kill).toEqual([]);
    expect(reconcile(situation([want(1, 2)], [answered], [want(1, 1)], { now: NOW + 21 })).kill).toEqual([old.name]);
  });

  it('does not wait for a registrar that does not answer the refresh', () => {
    const silent = has(want(1, 1).name, { state: 'TRYING', registeredAt: null, tryingAt: NOW - REFRESH_DEADLINE_MS });
    expect(reconcile(situation([want(1, 2)], [silent], [])).kill).toEqual([silent.name]);
  });

  it('refreshes again when the last refresh belonged to an earlier removal', () => {
    const old = has(want(1).name, { challengedAt: null, registeredAt: NOW - 3_000_000, refreshedAt: NOW - 3_000_000 });
    expect(reconcile(situation([], [old], [])).refresh).toEqual([old.name]);
  });

  it.each(['FAILED', 'FAIL_WAIT', 'NOREG', 'UNREGED'] as const)(
    'kills at once what the registrar holds no binding of: %s',
    (state) => {
      expect(reconcile(situation([], [has(want(1).name, { state, registeredAt: null })], [])).kill).toEqual([
        want(1).name,
      ]);
    },
  );

  it('waits for the answer to a REGISTER that is on its way, which would bind what nobody takes back', () => {
    const trying = has(want(1).name, { state: 'TRYING', registeredAt: null, tryingAt: NOW - 10 });
    expect(reconcile(situation([], [trying], []))).toEqual({ ...NOTHING, waiting: 1 });
    expect(reconcile(situation([want(1, 2)], [trying], [want(1)]))).toEqual({ ...NOTHING, waiting: 2 });
  });

  it('removes the file of a trunk that is gone, and loads nothing for it', () => {
    expect(reconcile(situation([], [has(want(1).name)], [want(1)]))).toEqual({
      ...NOTHING,
      remove: [id(1)],
      kill: [want(1).name],
      waiting: 1,
    });
  });

  it('kills gateways with names like ours that nobody knows, and leaves foreign ones and their files', () => {
    const plan = reconcile({
      ...situation([], [has(want(9, 3).name), has('example.com'), has('carrier.1')], []),
      files: new Map([['operators-own', 'x']]),
    });
    expect(plan).toEqual({ ...NOTHING, kill: [want(9, 3).name], waiting: 1 });
  });

  it('kills a leftover old revision without letting it register over the new one', () => {
    const old = has(want(1, 1).name, { challengedAt: null });
    expect(reconcile(situation([want(1, 2)], [has(want(1, 2).name), old], [want(1, 2)]))).toEqual({
      ...NOTHING,
      kill: [old.name],
      waiting: 1,
    });
  });

  it(
    'replaces a gateway whose file differs under the same name in two steps, so that the two never share a ' +
      'contact',
    () => {
      const [before, after] = [want(1, 1, 'before'), want(1, 1, 'after')];
      const first = reconcile(situation([after], [has(before.name)], [before]));
      expect(first).toEqual({ ...NOTHING, kill: [before.name], remove: [id(1)], waiting: 1 });
      const dying = has(before.name, { killed: true, state: 'DOWN' });
      expect(reconcile(situation([after], [dying], []))).toEqual({ ...NOTHING, waiting: 1 });
      expect(reconcile(situation([after], [], []))).toEqual({
        ...NOTHING,
        write: [{ file: id(1), xml: after.xml }],
        add: [after.name],
      });
    },
  );

  it('replaces only so many at once', () => {
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const plan = reconcile(
      situation(
        numbers.map((n) => want(n, 1, 'after')),
        numbers.map((n) => has(want(n).name)),
        numbers.map((n) => want(n, 1, 'before')),
      ),
    );
    expect(plan.kill).toHaveLength(REPLACEMENTS_AT_ONCE);
  });

  it('writes a file that somebody deleted without touching the running gateway', () => {
    expect(reconcile(situation([want(1)], [has(want(1).name)], []))).toEqual({
      ...NOTHING,
      write: [{ file: id(1), xml: want(1).xml }],
    });
  });

  it('offers a gateway that FreeSWITCH refused again only after a pause', () => {
    const refused = (ago: number) =>
      reconcile(situation([want(1)], [], [want(1)], { offeredAt: new Map([[want(1).name, NOW - ago]]) }));
    expect(refused(1_000).add).toEqual([]);
    expect(refused(REFUSED_AGAIN_MS).add).toEqual([want(1).name]);
  });

  it("puts a ceiling on FreeSWITCH's growing pauses", () => {
    const failing = (ago: number) =>
      reconcile(situation([want(1)], [has(want(1).name, { state: 'FAIL_WAIT', triedAt: NOW - ago })], [want(1)])).retry;
    expect(failing(RETRY_CEILING_MS - 1)).toEqual([]);
    expect(failing(RETRY_CEILING_MS)).toEqual([want(1).name]);
  });

  it('tries again at once when the predecessor that held the only binding is gone', () => {
    const observed: ObservedMap = new Map(
      [has(want(1, 1).name), has(want(1, 2).name, { state: 'FAIL_WAIT', triedAt: NOW })].map((gateway) => [
        gateway.name,
        gateway,
      ]),
    );
    noteDeleted(observed, want(1, 1).name);
    expect(reconcile(situation([want(1, 2)], [...observed.values()], [want(1, 2)])).retry).toEqual([want(1, 2).name]);
  });

  const failed900 = (more: Partial<ObservedGateway> = {}) =>
    has(want(1).name, { state: 'FAIL_WAIT', settled: 'FAILED', sipStatus: 900, triedAt: NOW - 5_000, ...more });
  const remade = (times: number, ago: number) => ({
    remakes: new Map([[want(1).name, { times, at: NOW - ago, was: failed900() }]]),
  });

  it('takes a gateway away that FreeSWITCH sends nothing for any more, and adds it again under its name', () => {
    const first = reconcile(situation([want(1)], [failed900()], [want(1)]));
    expect(first).toEqual({ ...NOTHING, kill: [want(1).name], remake: [want(1).name], waiting: 1 });
    expect(reconcile(situation([want(1)], [failed900({ killed: true, state: 'DOWN' })], [want(1)]))).toEqual({
      ...NOTHING,
      remove: [id(1)],
      waiting: 1,
    });
    expect(reconcile(situation([want(1)], [], []))).toEqual({
      ...NOTHING,
      write: [{ file: id(1), xml: want(1).xml }],
      add: [want(1).name],
    });
  });

  it.each<[string, Partial<ObservedGateway>, Partial<Situation>, number | null]>([
    ['not at once', { triedAt: NOW - 1_000 }, {}, NOW + 4_000],
    ['later after the first time', {}, remade(1, 5_000), NOW + 10_000],
    ['later each time', {}, remade(3, 50_000), NOW + 10_000],
    ['at least every two minutes', {}, remade(30, 110_000), NOW + 10_000],
    ['not while it is tried', { state: 'TRYING' }, {}, null],
    ['not for wrong credentials, after which REGISTERs go on', { sipStatus: 904 }, {}, null],
    ['not for an answer that did not come', { sipStatus: 908 }, {}, null],
    ["not for a carrier's own status", { sipStatus: 403 }, {}, null],
    ['not while its status is unknown', { sipStatus: null }, {}, null],
    [
      'not while FreeSWITCH takes it away itself',
      { state: 'DOWN', settled: 'DOWN', settledAt: NOW - 1_000 },
      {},
      NOW + 4_000,
    ],
  ])('recreates a gateway %s', (_when, more, situationMore, nextAt) => {
    expect(reconcile(situation([want(1)], [failed900(more)], [want(1)], situationMore))).toEqual({
      ...NOTHING,
      nextAt,
    });
  });

  it('recreates one that an operator unregistered by hand', () => {
    const down = has(want(1).name, { state: 'DOWN', settled: 'DOWN', settledAt: NOW - 5_000 });
    expect(reconcile(situation([want(1)], [down], [want(1)])).remake).toEqual([want(1).name]);
  });

  it('recreates only a few at a time', () => {
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const plan = reconcile(
      situation(
        numbers.map((n) => want(n)),
        numbers.map((n) => failed900({ name: want(n).name })),
        numbers.map((n) => want(n)),
      ),
    );
    expect(plan.remake).toHaveLength(REPLACEMENTS_AT_ONCE);
  });

  it('leaves a trunk that cannot be rendered as it is, running with its former settings', () => {
    expect(reconcile(situation([], [has(want(1).name)], [want(1)], { held: new Set([id(1)]) }))).toEqual(NOTHING);
  });

  it('knows how many trunks are not as they shall be', () => {
    expect(driftOf(situation([want(1), want(2, 2)], [has(want(2).name), has(want(3).name)], [want(1), want(3)]))).toBe(
      2 + 2 + 1,
    );
    expect(driftOf(situation([want(1)], [has(want(1).name)], [want(1)]))).toBe(0);
  });
});

/**
 * FreeSWITCH as far as this matters: what a rescan adds, what a kill takes away and when, what a refresh does. Throws
 * where a registrar would lose a binding.
 */
class Model {
  files = new Map<string, string>();
  gateways = new Map<string, { xml: string; dying: boolean }>();
  observed: ObservedMap = new Map();
  now = NOW;
  touched = new Set<string>();

  load(): void {
    for (const xml of this.files.values()) {
      const name = xml.split('|')[0]!;
      const running = this.gateways.get(name);
      if (running?.dying) throw new Error(`${name} would race with itself`);
      if (running === undefined) {
        this.gateways.set(name, { xml, dying: false });
        noteAdded(this.observed, { name, state: 'UNREGED', up: false }, this.now);
        noteState(this.observed, { name, state: 'REGISTER', up: true, sipStatus: 200, sipPhrase: 'OK' }, this.now);
        noteState(this.observed, { name, state: 'REGED', up: true, sipStatus: null, sipPhrase: null }, this.now);
      }
    }
  }

  do(plan: Plan): void {
    for (const { file, xml } of plan.write) this.files.set(file, xml);
    for (const file of plan.remove) this.files.delete(file);
    const before = new Set(this.gateways.keys());
    if (plan.add.length > 0) this.load();
    for (const name of [...plan.kill, ...plan.refresh]) this.touched.add(name);
    for (const name of plan.kill) {
      const gateway = this.observed.get(name)!;
      const trunk = parseGatewayName(name)!.id;
      const alone = ![...this.gateways].some(
        ([other, { dying }]) =>
          other !== name &&
          !dying &&
          parseGatewayName(other)?.id === trunk &&
          !plan.kill.includes(other) &&
          before.has(other),
      );
      if (
        alone &&
        this.now - gateway.registeredAt! >= ANSWER_FRESH_MS &&
        this.now - gateway.challengedAt! >= CHALLENGE_FRESH_MS
      )
        throw new Error(`${name} is killed with an old challenge`);
      this.gateways.get(name)!.dying = true;
    }
    noteAsked(this.observed, plan.kill, 'kill', this.now);
    noteAsked(this.observed, plan.refresh, 'refresh', this.now);
    noteAsked(this.observed, plan.retry, 'retry', this.now);
    for (const name of plan.refresh)
      noteState(this.observed, { name, state: 'REGISTER', up: true, sipStatus: 200, sipPhrase: 'OK' }, this.now + 500);
  }

  second(): void {
    this.now += 1_000;
    for (const [name, gateway] of this.gateways) {
      if (!gateway.dying) continue;
      this.gateways.delete(name);
      noteDeleted(this.observed, name);
    }
    noteList(
      this.observed,
      [...this.gateways.keys()].map((name) => ({ name, state: 'REGED' as const, up: true })),
      this.now,
    );
  }
}

describe('again and again, it', () => {
  const revision = fc.record({
    trunk: fc.nat(6),
    revision: fc.integer({ min: 1, max: 3 }),
    content: fc.constantFrom('', 'other'),
  });
  const world = fc.record({
    running: fc.uniqueArray(revision, {
      selector: ({ trunk, revision: number }) => `${trunk}.${number}`,
      maxLength: 8,
    }),
    files: fc.uniqueArray(revision, { selector: ({ trunk }) => trunk, maxLength: 6 }),
    desired: fc.array(fc.uniqueArray(revision, { selector: ({ trunk }) => trunk, maxLength: 6 }), {
      minLength: 1,
      maxLength: 4,
    }),
    pauses: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
  });

  it(
    'ends with exactly what shall be, whatever was there and whatever changes meanwhile, and touches nothing ' + 'else',
    () => {
      fc.assert(
        fc.property(world, ({ running, files, desired, pauses }) => {
          const model = new Model();
          for (const { trunk, revision: number, content } of running)
            model.gateways.set(want(trunk, number).name, { xml: want(trunk, number, content).xml, dying: false });
          for (const { trunk, revision: number, content } of files)
            model.files.set(id(trunk), want(trunk, number, content).xml);
          model.gateways.set('operators-own', { xml: 'operators-own|', dying: false });
          model.files.set('operators-own', 'operators-own|');
          model.second();

          let wanted = new Map<string, DesiredGateway>();
          const cycle = () => {
            model.do(
              reconcile({
                desired: wanted,
                observed: model.observed,
                files: model.files,
                held: new Set(),
                offeredAt: new Map(),
                remakes: new Map(),
                now: model.now,
              }),
            );
          };
          desired.forEach((trunks, index) => {
            wanted = new Map(
              trunks.map(({ trunk, revision: number, content }) => [id(trunk), want(trunk, number, content)]),
            );
            for (let passed = 0; passed < pauses[index]!; passed += 1) {
              cycle();
              model.second();
            }
          });
          for (let cycles = 0; cycles < 20; cycles += 1) {
            cycle();
            model.second();
          }

          const always = running.filter(({ trunk, revision: number }) =>
            [...desired, files].every((trunks) =>
              trunks.some((other) => other.trunk === trunk && other.revision === number && other.content === ''),
            ),
          );
          for (const { trunk, revision: number } of always)
            expect(model.touched.has(want(trunk, number).name)).toBe(false);

          const settled = reconcile({
            desired: wanted,
            observed: model.observed,
            files: model.files,
            held: new Set(),
            offeredAt: new Map(),
            remakes: new Map(),
            now: model.now,
          });
          expect(settled).toEqual(NOTHING);
          expect([...model.gateways.keys()].filter((name) => parseGatewayName(name) !== undefined).sort()).toEqual(
            [...wanted.values()].map(({ name }) => name).sort(),
          );
          expect(model.touched.has('operators-own')).toBe(false);
          expect(model.files.get('operators-own')).toBe('operators-own|');

          // Nothing to do means nothing is done: a second look touches no gateway.
          model.touched.clear();
          cycle();
          expect(model.touched.size).toBe(0);
        }),
        { numRuns: 300 },
      );
    },
  );
});
