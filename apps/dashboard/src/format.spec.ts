import { describe, expect, it } from '@jest/globals';
import { ago, clock, count, length, minutes, money, percent, rate, words } from './format.js';

describe('what people read', () => {
  it.each([
    [length(5), '0:05'],
    [length(65.4), '1:05'],
    [length(7389), '2:03:09'],
    [length(null), '–'],
    [minutes(5430), '90.5'],
    [count(1234567), '1,234,567'],
    [money('1250000', 'USD'), '$1.25'],
    [money('0', null), '–'],
    [rate('12500', 'USD'), '$0.0125'],
    [percent(1, 3), '33 %'],
    [percent(0, 0), '–'],
    [words('called-party-busy'), 'called party busy'],
    [clock('2026-03-01T12:00:05Z', 'Asia/Manila'), '1 Mar, 20:00:05'],
    [ago('2026-03-01T12:00:00Z', Date.parse('2026-03-01T12:03:05Z')), '3 minutes ago'],
    [ago('2026-03-01T12:00:00Z', Date.parse('2026-03-01T12:00:00Z')), 'now'],
    [ago('2026-03-03T12:00:00Z', Date.parse('2026-03-01T12:00:00Z')), 'in 2 days'],
  ])('%s', (text, expected) => expect(text).toBe(expected));
});
