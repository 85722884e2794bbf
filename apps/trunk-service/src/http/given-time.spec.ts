import { describe, expect, it } from '@jest/globals';
import { dayReader, needsZone, readGivenTime, spanIn } from './given-time.js';

const day = (text: string) => readGivenTime(text)!;

describe('a day as it is given', () => {
  it.each([
    ['UTC', '2026-11-26', '2026-11-26T00:00:00.000Z', '2026-11-26T23:59:59.999Z'],
    ['Asia/Kolkata', '2026-11-26', '2026-11-25T18:30:00.000Z', '2026-11-26T18:29:59.999Z'],
    ['Pacific/Auckland', '2026-01-01', '2025-12-31T11:00:00.000Z', '2026-01-01T10:59:59.999Z'],
    // 23 hours, and 25.
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', '2026-03-29T21:59:59.999Z'],
    ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00.000Z', '2026-10-25T22:59:59.999Z'],
    ['America/New_York', '2026-03-08', '2026-03-08T05:00:00.000Z', '2026-03-09T03:59:59.999Z'],
    ['America/New_York', '2026-11-01', '2026-11-01T04:00:00.000Z', '2026-11-02T04:59:59.999Z'],
    ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00:00.000Z', '2026-04-05T13:29:59.999Z'],
    // Summer time begins at midnight: there is no 00:00.
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z', '2026-09-07T02:59:59.999Z'],
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00.000Z', '2026-04-24T20:59:59.999Z'],
    // It ends at midnight: 23:00 to 24:00 of the day before is twice.
    ['America/Santiago', '2026-04-05', '2026-04-05T04:00:00.000Z', '2026-04-06T03:59:59.999Z'],
    // It ends at one o'clock: 00:00 is twice, and the day begins with the first one.
    ['America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z', '2026-11-02T04:59:59.999Z'],
  ])('is, in %s, %s from %s to %s', (zone, text, date_from, date_to) => {
    expect(spanIn(zone, { date_from: day(text), date_to: day(text) })).toEqual({ date_from, date_to });
  });

  it.each(['UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Kiritimati'])(
    'is storable at both ends of %s',
    (zone) => {
      const all = spanIn(zone, { date_from: day('0000-01-01'), date_to: day('9999-12-31') });
      expect(all.date_from).toMatch(/^0000-01-01T/);
      expect(all.date_to).toMatch(/^9999-12-31T/);
    },
  );

  it('ends where the next one begins, every day of years, in zones on either side', () => {
    for (const zone of ['Europe/London', 'America/Santiago', 'Africa/Casablanca', 'Asia/Beirut']) {
      const beginning = dayReader(zone);
      const local = new Intl.DateTimeFormat('en-CA', { timeZone: zone });
      for (let at = Date.parse('2024-01-01'); at < Date.parse('2028-01-01'); at += 86_400_000) {
        const text = new Date(at).toISOString().slice(0, 10);
        const begins = beginning(text);
        expect([zone, local.format(begins)]).toEqual([zone, text]);
        expect([zone, local.format(begins - 1) < text]).toEqual([zone, true]);
      }
    }
  });

  it('needs a zone, and an instant stays what it is in any', () => {
    const at = day('2026-11-26T09:30:00+02:00');
    expect([
      needsZone({}),
      needsZone({ date_from: at }),
      needsZone({ date_from: at, date_to: day('2026-11-26') }),
    ]).toEqual([false, false, true]);
    expect(spanIn('Asia/Kolkata', { date_from: at, date_to: at })).toEqual({
      date_from: '2026-11-26T07:30:00.000Z',
      date_to: '2026-11-26T07:30:00.000Z',
    });
  });
});
