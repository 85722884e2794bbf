import { expect, it } from '@jest/globals';
import { noteRefused, REFUSED_KEPT, refusedList, type RefusedAddresses } from './refused-addresses.js';

const at = (second: number) => new Date(1_700_000_000_000 + second * 1_000).toISOString();

it('counts each address, newest first', () => {
  const refused: RefusedAddresses = new Map();
  noteRefused(refused, '192.0.2.1', at(1));
  noteRefused(refused, '192.0.2.2', at(2));
  noteRefused(refused, '192.0.2.1', at(3));
  expect(refusedList(refused)).toEqual([
    { address: '192.0.2.1', count: 2, first_at: at(1), last_at: at(3) },
    { address: '192.0.2.2', count: 1, first_at: at(2), last_at: at(2) },
  ]);
});

it('keeps the newest hundred of a flood', () => {
  const refused: RefusedAddresses = new Map();
  for (let n = 0; n < 10_000; n += 1) noteRefused(refused, `198.51.100.${n}`, at(n));
  expect(refusedList(refused)).toHaveLength(REFUSED_KEPT);
  expect(refusedList(refused)[0]!.address).toBe('198.51.100.9999');
});
