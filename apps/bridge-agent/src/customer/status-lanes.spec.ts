import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FINAL_STATUSES, type CallStatus, type CallStatusBody } from '@trunkmesh/contracts/call-status.js';
import { ORG, callId } from '@trunkmesh/testkit/call-events.js';
import type { StatusDraft } from './call-status.js';
import { begins, deliveredLine, emptyFile, nextLine, readCallFile, statusIn } from './status-file.js';
import { laneOf, type Lane } from './status-lane.js';
import { Lanes } from './status-lanes.js';
import type { Verdict, Destination } from './status-route.js';

const PAUSES = { firstMs: 1_000, maxMs: 300_000 };
const PER_HOST = 3;
const ACCEPTED: Verdict = { verdict: 'accepted' };
const HALF = 0.5;

const draft = (call: number, status: CallStatus): StatusDraft => ({
  status,
  timestamp: '2026-03-01T10:00:00.000Z',
  call_id: callId(call),
  organization_id: ORG,
  trunk_id: null,
  number_id: `number-${call}`,
  direction: 'inbound',
  from_number: '+15559876543',
  to_number: '+15551234567',
});
const at = (key: string, host = key): Destination => ({ key, host });

describe('which status is sent next', () => {
  function lanesTo(destinationOf: (call: string) => Destination, more = {}) {
    const lanes = new Lanes({
      destinationOf: ({ numberId }) => destinationOf(numberId!),
      pauses: PAUSES,
      atOncePerHost: PER_HOST,
      atOnce: 100,
      ...more,
    });
    const lane = (call: string, told = 1): Lane => {
      const made = laneOf(call, { organizationId: ORG, numberId: call }, { told, delivered: 0 });
      lanes.wake(made);
      return made;
    };
    const all = (now: number): Lane[] => {
      lanes.tick(now);
      const taken: Lane[] = [];
      for (let next = lanes.next(now); next !== undefined; next = lanes.next(now)) taken.push(next);
      return taken;
    };
    const settle = (which: Lane[], verdict: Verdict, now: number) =>
      which.map((each) => lanes.settle(each, verdict, { now, random: HALF }));
    return { lanes, lane, all, settle };
  }

  it('is one a call and a few a host, whatever waits there', () => {
    const { lane, all, settle } = lanesTo((call) => at(`${call[0]}/${call}`, call[0]));
    for (let nth = 0; nth < 10; nth += 1) [lane(`a${nth}`, 2), lane(`b${nth}`, 2)].forEach(() => undefined);
    const first = all(0);
    expect([first.length, first.filter(({ callId: call }) => call.startsWith('a')).length, all(0).length]).toEqual([
      2 * PER_HOST,
      PER_HOST,
      0,
    ]);
    settle(first.slice(0, 1), ACCEPTED, 0);
    expect(all(0)).toHaveLength(1);
  });

  it('is of an endpoint that works, however dead the others are', () => {
    const { lane, all, settle } = lanesTo((call) => at(call[0]!));
    for (let nth = 0; nth < 1_000; nth += 1) lane(`dead${nth}`);
    settle(all(0), { verdict: 'unreachable' }, 0);
    const alive = lane('alive');
    expect(all(1)).toEqual([alive]);
  });

  it('is one that asks whether the endpoint works again, and then the rest at once', () => {
    const { lane, all, settle } = lanesTo(() => at('a'));
    for (let nth = 0; nth < 50; nth += 1) lane(`${nth}`);
    expect(settle(all(0), { verdict: 'unreachable' }, 0)).toEqual(['down', undefined, undefined]);
    expect(all(500)).toEqual([]);
    for (let now = 1_000, failed = 0; failed < 10; now += 300_000, failed += 1) {
      const probe = all(now);
      expect(probe).toHaveLength(1);
      settle(probe, { verdict: 'unreachable' }, now);
      expect(all(now + 400)).toEqual([]);
    }
    const probe = all(10_000_000);
    expect(settle(probe, ACCEPTED, 10_000_000)).toEqual(['up']);
    expect(all(10_000_000)).toHaveLength(PER_HOST);
  });

  it('is not the one that the endpoint chokes on: that rests longer each time, and the others go', () => {
    const { lane, all, settle } = lanesTo(() => at('a'), { atOncePerHost: 1 });
    const poison = lane('poison');
    settle(all(0), { verdict: 'failed' }, 0);
    const tries: number[] = [];
    for (let now = 0; now < 3_600_000; now += 1_000) {
      lane(`good at ${now}`);
      for (let taken = all(now); taken.length > 0; taken = all(now)) {
        if (taken[0] === poison) tries.push(now);
        settle(taken, { verdict: taken[0] === poison ? 'failed' : 'accepted' } as Verdict, now);
      }
    }
    expect(tries.length).toBeLessThan(40);
    expect(tries.length).toBeGreaterThan(10);
  });

  it.each([
    [60_000, 60_000],
    [10 ** 9, 3_600_000],
  ])('waits as long as Retry-After says (%d ms), within bounds', (retryAfterMs, ms) => {
    const { lane, all, settle } = lanesTo(() => at('a'));
    lane('1');
    settle(all(0), { verdict: 'unreachable', retryAfterMs }, 0);
    expect([all(ms - 1).length, all(ms).length]).toEqual([0, 1]);
  });

  it('goes where the URL leads by now, with all others of a dead endpoint', () => {
    let where = at('wrong');
    const { lane, all, settle } = lanesTo(() => where);
    for (let nth = 0; nth < 2_000; nth += 1) lane(`${nth}`);
    settle(all(0), { verdict: 'unreachable' }, 0);
    where = at('right');
    const delivered = new Set<Lane>();
    for (let now = 300_000; delivered.size < 2_000 && now < 310_000; now += 250) {
      for (let taken = all(now); taken.length > 0; taken = all(now)) {
        settle(taken, ACCEPTED, now);
        taken.forEach((each) => delivered.add(each));
      }
    }
    expect(delivered.size).toBe(2_000);
  });

  it.each<[string, Verdict]>([
    ['asked for an hour', { verdict: 'unreachable', retryAfterMs: 3_600_000 }],
    ['is gone', { verdict: 'gone' }],
  ])('goes within half a minute where the URL leads by now, though the one before %s', (_how, verdict) => {
    let where = at('wrong');
    const { lane, all, settle } = lanesTo(() => where);
    const waiting = Array.from({ length: PER_HOST }, (_none, nth) => lane(`${nth}`));
    settle(all(0), verdict, 0);
    expect(all(200)).toEqual([]);
    where = at('right');
    expect(new Set(all(31_000))).toEqual(new Set(waiting));
  });
});

type Step =
  | { what: 'tell'; call: number; status: CallStatus }
  | { what: 'pass'; ms: number }
  /** `lost`: the receiver got it, and its response was lost. */
  | { what: 'answer'; which: number; how: 'accepted' | 'failed' | 'unreachable' | 'lost' }
  | { what: 'crash'; torn: number; marked: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('tell' as const),
      call: fc.nat(5),
      status: fc.constantFrom<CallStatus>(
        'initiated',
        'ringing',
        'answered',
        'transfer-started',
        'transfer-failed',
        'completed',
        'failed',
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('pass' as const), ms: fc.nat(400_000) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('answer' as const),
      which: fc.nat(20),
      how: fc.constantFrom(
        'accepted' as const,
        'accepted' as const,
        'failed' as const,
        'unreachable' as const,
        'lost' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('crash' as const), torn: fc.nat(40), marked: fc.boolean() }) },
);

/** Files as they are on disk, the lanes as they are in memory, and a receiver that leaves out what it has already. */
function outbox() {
  const files = new Map<string, string>();
  const told = new Map<string, CallStatus[]>();
  const received = new Map<string, number[]>();
  let now = 0;
  let lanes: Lanes;
  let byCall: Map<string, Lane>;
  let ended: Set<string>;
  let sending: Lane[];
  const start = (): void => {
    lanes = new Lanes({
      destinationOf: ({ numberId }) => at(`/${numberId === 'number-0' ? 0 : 1}`, 'example.com'),
      pauses: PAUSES,
      atOncePerHost: PER_HOST,
      atOnce: 100,
    });
    [byCall, ended, sending] = [new Map(), new Set(), []];
    for (const [call, text] of files) {
      const file = readCallFile(text);
      if (file === undefined) {
        files.delete(call);
        continue;
      }
      files.set(call, Buffer.from(text).subarray(0, file.bytes).toString('utf8'));
      const lane = laneOf(call, { organizationId: file.organizationId, numberId: file.numberId }, file);
      byCall.set(call, lane);
      if (file.ended) ended.add(call);
      lanes.wake(lane);
    }
  };
  const pump = (): void => {
    lanes.tick(now);
    for (let lane = lanes.next(now); lane !== undefined; lane = lanes.next(now)) {
      expect(sending).not.toContain(lane);
      sending.push(lane);
    }
    expect(sending.length).toBeLessThanOrEqual(PER_HOST);
  };
  const receive = (lane: Lane): void => {
    const status = statusIn(files.get(lane.callId)!, lane.delivered + 1)!;
    const { sequence } = JSON.parse(status.text) as CallStatusBody;
    const known = received.get(lane.callId) ?? [];
    received.set(lane.callId, known.includes(sequence) ? known : [...known, sequence]);
  };
  const tell = ({ call, status }: Extract<Step, { what: 'tell' }>): void => {
    const next = draft(call, status);
    const id = next.call_id;
    const lane =
      byCall.get(id) ??
      (begins(next) ? laneOf(id, { organizationId: ORG, numberId: next.number_id }, emptyFile(next)) : undefined);
    const line = lane && nextLine({ told: lane.told, ended: ended.has(id) }, next);
    if (lane === undefined || line === undefined) return;
    byCall.set(id, lane);
    files.set(id, (files.get(id) ?? '') + line.line);
    told.set(id, [...(told.get(id) ?? []), status]);
    if (line.ended) ended.add(id);
    lane.told += 1;
    lanes.wake(lane);
  };
  const answer = ({ which, how }: Extract<Step, { what: 'answer' }>): void => {
    const [lane] = sending.splice(which % Math.max(1, sending.length), 1);
    if (lane === undefined) return;
    if (how === 'accepted' || how === 'lost') receive(lane);
    lanes.settle(lane, { verdict: how === 'lost' ? 'unreachable' : how }, { now, random: HALF });
    if (how === 'accepted') files.set(lane.callId, files.get(lane.callId)! + deliveredLine(lane.delivered));
  };
  const crash = ({ torn, marked }: Extract<Step, { what: 'crash' }>): void => {
    for (const [call, text] of files)
      files.set(
        call,
        marked
          ? text + '{"type":"call.answered","timestamp":"2026-03-01T1'.slice(0, torn)
          : text.slice(0, text.length - (/\{"delivered":\d+\}\n$/.exec(text)?.[0].length ?? 0)),
      );
    start();
  };
  start();
  return {
    told,
    received,
    take: (each: Step): void => {
      if (each.what === 'tell') tell(each);
      else if (each.what === 'pass') now += each.ms;
      else if (each.what === 'answer') answer(each);
      else crash(each);
      pump();
    },
    finish: (): void => {
      for (
        let rounds = 0;
        rounds < 1_000 && (sending.length > 0 || [...byCall.values()].some((lane) => lane.told > lane.delivered));
        rounds += 1
      ) {
        now += 3_600_000;
        pump();
        while (sending.length > 0) answer({ what: 'answer', which: 0, how: 'accepted' });
      }
    },
  };
}

describe('the statuses of a call', () => {
  it('arrive in order and without a gap, and end once, whatever fails or is killed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { told, received, take, finish } = outbox();
        steps.forEach(take);
        finish();
        expect([...received.keys()].sort()).toEqual([...told.keys()].sort());
        for (const [call, statuses] of told) {
          expect(received.get(call)).toEqual(statuses.map((_status, nth) => nth + 1));
          expect(statuses.slice(0, -1).some((status) => FINAL_STATUSES.has(status))).toBe(false);
          expect(begins(draft(0, statuses[0]!))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
