import { describe, expect, it } from '@jest/globals';
import type { RefusedInvite } from './refused-invites.js';
import {
  ADDRESSES_OF_NUMBER,
  INVITES_OF_MINUTE,
  RefusedMinutes,
  ROWS_KEPT,
  ROWS_OF_ADDRESS,
  ROWS_OF_MINUTE,
} from './refused-minutes.js';

const NOON = Date.parse('2026-11-28T12:00:05.000Z');
const at = (seconds: number) => new Date(NOON + 1_000 * seconds);
const number = (n: number) => `+1555${String(n).padStart(7, '0')}`;
const refused = (more: Partial<RefusedInvite> = {}): RefusedInvite => ({
  sourceAddress: '203.0.113.9',
  called: number(1),
  numbers: [number(1)],
  reason: 'source-not-allowed',
  sipStatus: 403,
  detail: null,
  users: [],
  invite: undefined,
  ...more,
});
const invite = (nth: number): RefusedInvite['invite'] => ({
  at: at(nth / 10_000).toISOString(),
  request_uri: `sip:${nth}@192.0.2.1`,
  to: '',
  from: '',
  sources: [],
  offer: null,
  text: `INVITE ${nth}`,
  truncated: false,
});
const rows = (minutes: RefusedMinutes) => minutes.pending().map(([, row]) => row);
const sum = (minutes: RefusedMinutes) => rows(minutes).reduce((total, { count }) => total + count, 0);
const address = (n: number) => `203.0.${Math.floor(n / 250) + 1}.${(n % 250) + 1}`;

describe('refused calls', () => {
  it('are counted by the minute, and published again when the count has grown', () => {
    const minutes = new RefusedMinutes();
    minutes.add(refused(), at(0));
    minutes.add(refused(), at(10));
    const [[key, row]] = minutes.pending() as [[string, ReturnType<typeof rows>[number]]];
    expect(row).toMatchObject({
      minute: '2026-11-28T12:00:00.000Z',
      count: 2,
      first_at: '2026-11-28T12:00:05.000Z',
      last_at: '2026-11-28T12:00:15.000Z',
    });
    minutes.add(refused(), at(20));
    minutes.published(key, row);
    expect(rows(minutes)).toMatchObject([{ count: 3 }]);
    minutes.published(key, rows(minutes)[0]!);
    minutes.add(refused(), at(60));
    expect(rows(minutes)).toMatchObject([{ minute: '2026-11-28T12:01:00.000Z', count: 1 }]);
  });

  it('keep the first and the last INVITE, and are apart by the trunk that they claim', () => {
    const minutes = new RefusedMinutes();
    for (const nth of [1, 2, 3]) minutes.add(refused({ users: ['pbx'], invite: invite(nth) }), at(nth));
    minutes.add(refused({ users: ['other'], invite: invite(4) }), at(4));
    expect(rows(minutes)).toMatchObject([
      { users: ['pbx'], count: 3, first_invite: { text: 'INVITE 1' }, last_invite: { text: 'INVITE 3' } },
      { users: ['other'], count: 1, first_invite: { text: 'INVITE 4' }, last_invite: { text: 'INVITE 4' } },
    ]);
  });

  it('are published at once, and then again at intervals while they are counted on', () => {
    const minutes = new RefusedMinutes();
    const publish = (second: number) => {
      const due = minutes.pending(at(second));
      for (const [key, row] of due) minutes.published(key, row, at(second));
      return due.map(([, { count }]) => count);
    };
    minutes.add(refused(), at(1));
    expect(publish(1)).toEqual([1]);
    minutes.add(refused(), at(2));
    expect(publish(3)).toEqual([]);
    expect(publish(6)).toEqual([2]);
    minutes.add(refused(), at(7));
    // The minute is over.
    expect(publish(56)).toEqual([3]);
  });

  it('of 10,000 INVITEs a second from changing addresses stay within their bounds, and none is not counted', () => {
    const minutes = new RefusedMinutes();
    const SECONDS = 5;
    for (let nth = 0; nth < SECONDS * 10_000; nth += 1) {
      const called = number(nth % 7_000);
      const from = { sourceAddress: address(nth % 60_000), users: [`user${nth % 3_000}`] };
      minutes.add(refused({ ...from, called, numbers: [called], invite: invite(nth) }), at(nth / 10_000));
    }
    expect(sum(minutes)).toBe(SECONDS * 10_000);
    expect(rows(minutes)).toHaveLength(ROWS_OF_MINUTE + 1);
    expect(rows(minutes).filter(({ first_invite }) => first_invite !== undefined)).toHaveLength(INVITES_OF_MINUTE);
    expect(minutes.dropped).toBe(0);
  });

  it('of one address that dials many numbers become one row', () => {
    const minutes = new RefusedMinutes();
    for (let n = 0; n < 5_000; n += 1) minutes.add(refused({ called: number(n), numbers: [number(n)] }), at(n / 1_000));
    expect(rows(minutes)).toHaveLength(ROWS_OF_ADDRESS + 1);
    expect(rows(minutes).at(-1)).toMatchObject({
      source_address: '203.0.113.9',
      called: '',
      numbers: [],
      count: 5_000 - ROWS_OF_ADDRESS,
    });
  });

  it("from forged addresses do not bury the list of a number's owner", () => {
    const minutes = new RefusedMinutes();
    for (let n = 0; n < 5_000; n += 1) minutes.add(refused({ sourceAddress: address(n) }), at(n / 1_000));
    expect(rows(minutes).filter(({ numbers }) => numbers.length > 0)).toHaveLength(ADDRESSES_OF_NUMBER + 1);
    expect(sum(minutes)).toBe(5_000);
  });

  it('from everywhere to everybody fill no memory', () => {
    const minutes = new RefusedMinutes();
    for (let n = 0; n < 20_000; n += 1)
      minutes.add(refused({ sourceAddress: address(n), called: number(n), numbers: [number(n)] }), at(0));
    expect(rows(minutes)).toHaveLength(ROWS_OF_MINUTE + 1);
    for (let minute = 1; minute <= 20; minute += 1) {
      for (let n = 0; n < 2_000; n += 1)
        minutes.add(refused({ sourceAddress: address(n), called: number(n), numbers: [number(n)] }), at(60 * minute));
    }
    expect(rows(minutes)).toHaveLength(ROWS_KEPT);
    expect(minutes.dropped).toBe(21 * (ROWS_OF_MINUTE + 1) - ROWS_KEPT);
  });
});
