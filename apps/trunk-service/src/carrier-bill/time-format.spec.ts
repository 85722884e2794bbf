import { describe, expect, it } from '@jest/globals';
import { isTimePattern, timeReader } from './time-format.js';

describe('a time in a file', () => {
  it.each<[string, string, string, string | undefined]>([
    ['standard', 'UTC', '2026-11-23T10:00:00Z', '2026-11-23T10:00:00Z'],
    ['standard', 'UTC', '2026-11-23 10:00:00.123456', '2026-11-23T10:00:00Z'],
    ['standard', 'UTC', '2026-11-23T10:00:00+05:30', '2026-11-23T04:30:00Z'],
    ['standard', 'Europe/Berlin', '2026-11-23 10:00', '2026-11-23T09:00:00Z'],
    ['standard', 'Europe/Berlin', '2026-07-01 10:00:00', '2026-07-01T08:00:00Z'],
    ['standard', 'Europe/Berlin', '2026-10-25 02:30:00', '2026-10-25T00:30:00Z'],
    ['standard', 'Europe/Berlin', '2026-10-25 03:30:00', '2026-10-25T02:30:00Z'],
    ['standard', 'America/New_York', '2026-03-08 01:59:59', '2026-03-08T06:59:59Z'],
    ['standard', 'Asia/Kolkata', '2026-11-23 10:00:00', '2026-11-23T04:30:00Z'],
    ['standard', 'Europe/Berlin', 'Mon, 23 Nov 2026 10:00:00 +0000', '2026-11-23T10:00:00Z'],
    ['YYYY/MM/DD hh:mm:ss A', 'UTC', '2026/10/19 9:12:46 PM', '2026-10-19T21:12:46Z'],
    ['YYYY/MM/DD hh:mm:ss A', 'UTC', '2026/10/19 12:00:01 AM', '2026-10-19T00:00:01Z'],
    ['MM/DD/YYYY HH:mm:ss', 'UTC', '11/23/2026 10:00:00', '2026-11-23T10:00:00Z'],
    ['DD.MM.YY HH:mm', 'UTC', '23.11.26 10:00', '2026-11-23T10:00:00Z'],
    ['DD MMM YYYY HH:mm:ss', 'UTC', '23 Nov 2026  10:00:00', '2026-11-23T10:00:00Z'],
    ['unix', 'UTC', '1795428000', '2026-11-23T10:00:00Z'],
    ['unix-ms', 'UTC', '1795428000999', '2026-11-23T10:00:00Z'],
    ['MM/DD/YYYY HH:mm:ss', 'UTC', '23/11/2026 10:00:00', undefined],
    ['standard', 'UTC', '2026-06-31 10:00:00', undefined],
    ['standard', 'UTC', '2026-11-23 25:00:00', undefined],
    ['YYYY/MM/DD hh:mm:ss A', 'UTC', '2026/10/19 13:00:00 PM', undefined],
    ['standard', 'UTC', 'yesterday', undefined],
    ['unix', 'UTC', '5', undefined],
  ])('%s in %s: %s is %s', (format, zone, text, expected) => {
    const read = timeReader(format, zone)(text);
    expect(read).toBe(expected === undefined ? undefined : Date.parse(expected) / 1000);
  });

  it.each([
    ['YYYY-MM-DD HH:mm:ss', true],
    ['D.M.YY h:mm A', true],
    ['YYYY-MM-DD', false],
    ['HH:mm:ss', false],
    ['YYYY-MM-DD hh:mm', false],
    ['YYYY-MM-DD HH:mm MM', false],
    ['(((((', false],
  ])('the pattern %j is usable: %s', (pattern, usable) => expect(isTimePattern(pattern)).toBe(usable));
});
