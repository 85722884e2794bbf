import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { callEnded, callId } from '@trunkmesh/testkit/call-events.js';
import { HAVANA, HAVANA_CHANGES, ORGANIZATIONS } from './generated-zones.fixture.js';

export type Random = ReturnType<typeof randomFrom>;
/** mulberry32: the same numbers for the same seed. */
export function randomFrom(seed: number) {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    chance: (share: number) => next() < share,
    below: (limit: number) => Math.floor(next() * limit),
    of: <Item>(items: readonly Item[]) => items[Math.floor(next() * items.length)]!,
  };
}

/** Both changes of the clocks are in it. */
export const BEGIN = Date.parse('2026-03-01T00:00:00.000Z');
export const SPAN_MS = 280 * 86_400_000;
/** So long around a change of the clocks there are more calls. */
const AROUND_CHANGE_MS = 26 * 3_600_000;
const PARTIES = [
  ['+15559876543', 'US'],
  ['+4930123456', 'DE'],
  ['+442079460123', 'GB'],
  ['anonymous', null],
] as const;
/** So many arrivals later a record may come. */
const LATEST = 5_000;
const MOST_CALLS = 2 ** 20;

/**
 * Calls of which only their numbers are in memory: a million of them are generated again whenever they are needed. An
 * arrival is twice the call's number, and one more for the record that is better than an estimate.
 */
export class GeneratedCalls {
  /** By call: the number of its first record, and of the better one; 0: there is none. */
  private readonly first: Int32Array;
  private readonly better: Int32Array;
  readonly arrivals: number[];
  /** Numbers of records that never come. */
  readonly lost = new Set<number>();

  constructor(
    readonly count: number,
    private readonly seed: number,
  ) {
    if (count >= MOST_CALLS) throw new RangeError(`fewer than ${MOST_CALLS} calls`);
    this.first = new Int32Array(count + 1);
    this.better = new Int32Array(count + 1);
    this.arrivals = this.generate(randomFrom(seed));
  }

  /** Records come late, some of them never, some of them twice. */
  private generate(random: Random): number[] {
    const arrivals: number[] = [];
    let number = 0;
    for (let n = 1; n <= this.count; n += 1) {
      number += 1;
      if (n < this.count && random.chance(0.002)) {
        this.lost.add(number);
        continue;
      }
      this.first[n] = number;
      arrivals.push(2 * n);
      if (random.chance(0.05)) arrivals.push(2 * n);
      if (!this.estimated(n) || random.chance(0.5)) continue;
      this.better[n] = number += 1;
      arrivals.push(2 * n + 1);
    }
    const shift = 4 * MOST_CALLS;
    const late = () => (random.chance(0.1) ? random.below(LATEST) : random.below(20));
    const order = Float64Array.from(arrivals, (arrival, index) => (index + late()) * shift + arrival).sort();
    return Array.from(order, (place) => place % shift);
  }

  private of(n: number): Random {
    return randomFrom(this.seed ^ Math.imul(n, 0x9e3779b1));
  }

  private estimated(n: number): boolean {
    return this.of(n).chance(0.02);
  }

  /** The last word on each call. */
  *truth(): Generator<CallEnded> {
    for (let n = 1; n <= this.count; n += 1)
      if (this.better[n]! > 0) yield this.event(2 * n + 1);
      else if (this.first[n]! > 0) yield this.event(2 * n);
  }

  event(arrival: number): CallEnded {
    const n = arrival >> 1;
    const first = this.firstRecord(n);
    if (arrival % 2 === 0) return first;
    const { data } = first;
    const billable_ms = data.billable_ms + 1_500;
    const answered_at = data.answered_at ?? data.started_at;
    const ended_at = new Date(Date.parse(answered_at) + billable_ms).toISOString();
    const random = this.of(-n);
    const microseconds = {
      started_at: 0,
      ...data.microseconds,
      answered_at: random.below(1_000),
      ended_at: random.below(1_000),
    };
    const known = { answered_at, ended_at, billable_ms, microseconds, reconstructed: false };
    return { ...first, id: eventId(arrival), data: { ...data, ...known, record_number: this.better[n]! } };
  }

  private firstRecord(n: number): CallEnded {
    const random = this.of(n);
    const reconstructed = random.chance(0.02);
    const [party, country] = random.of(PARTIES);
    const outbound = country !== null && random.chance(0.4);
    const organization_id = random.of(ORGANIZATIONS);
    const started = startOf(random, organization_id);
    const billable_ms = random.chance(0.2) ? 0 : random.below(900_000);
    const answered = started + random.below(20_000);
    const after = () => random.below(1_000);
    const answeredAfter = after();
    const event = callEnded(n);
    return {
      ...event,
      id: eventId(2 * n),
      subject: callSubject(organization_id, callId(n)),
      data: {
        ...event.data,
        organization_id,
        record_number: this.first[n]!,
        ...(random.chance(0.1) ? { carrier: 'managed' as const } : {}),
        direction: outbound ? 'outbound' : 'inbound',
        ...(outbound ? { from: '+15551234567', to: party } : { from: party, to: '+15551234567' }),
        started_at: new Date(started).toISOString(),
        answered_at: billable_ms === 0 ? null : new Date(answered).toISOString(),
        ended_at: new Date(answered + billable_ms).toISOString(),
        billable_ms,
        reconstructed,
        // One in three is an older agent's.
        ...(random.chance(0.33)
          ? {}
          : {
              microseconds: {
                started_at: after(),
                answered_at: billable_ms === 0 ? null : answeredAfter,
                ended_at: after(),
              },
            }),
      },
    };
  }
}

function startOf(random: Random, organization: string): number {
  if (organization !== HAVANA.organization || !random.chance(0.3)) return BEGIN + random.below(SPAN_MS);
  return random.of(HAVANA_CHANGES) - AROUND_CHANGE_MS + random.below(2 * AROUND_CHANGE_MS);
}

const eventId = (arrival: number) => `0190a5b2-7c00-7000-9000-${String(arrival).padStart(12, '0')}`;
