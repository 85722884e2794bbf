import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { CarrierCall } from '@trunkmesh/contracts/carrier-bill.js';
import type { z } from 'zod';
import { readCarrierFile } from './carrier-file.process.js';
import { carrierFormatBody } from './carrier-format.js';
import { PRESETS } from './presets.js';
import type { RowProblem } from './read-row.js';

type Body = z.input<typeof carrierFormatBody>;
const GENERIC: Body = {
  columns: { from: 'From', to: 'To', time: 'Start', duration: 'Seconds', amount: 'Cost', reference: 'Id' },
  currency: 'USD',
};

async function* pieces(bytes: Buffer) {
  for (let from = 0; from < bytes.length; from += 1_000) yield bytes.subarray(from, from + 1_000);
}
async function read(file: string | Buffer, over: Partial<Body> = {}, charset = 'utf-8') {
  const [calls, problems]: [CarrierCall[], RowProblem[]] = [[], []];
  const format = carrierFormatBody.parse({ ...GENERIC, ...over });
  for await (const line of readCarrierFile({ bytes: pieces(Buffer.from(file as string)), charset, format }))
    if ('call' in line) calls.push(line.call);
    else problems.push(...line.problems);
  return { calls, problems };
}
const HEADER = 'Id,From,To,Start,Seconds,Cost\n';
const LINE = 'a1,+15559876543,+15551234567,2026-11-23 10:00:00,61,0.0125\n';
const CALL = {
  line: 2,
  reference: 'a1',
  from: '+15559876543',
  to: '+15551234567',
  at: Date.parse('2026-11-23T10:00:00Z') / 1000,
  seconds: 61,
  amount_micros: '12500',
  currency: 'USD',
};

describe("a carrier's file", () => {
  it.each<[string, string | Buffer, Partial<Body>, string?]>([
    ['as it is', HEADER + LINE, {}],
    ['compressed', gzipSync(HEADER + LINE), {}],
    ['with a byte order mark, a title and other spellings', `\ufeffReport\nID,from,TO,start,seconds,cost\n${LINE}`, {}],
    [
      'with semicolons and commas',
      `${HEADER}${LINE.replace('0.0125', '"0,0125"')}`.replaceAll(/,(?!0)/g, ';').replaceAll('.', ','),
      { decimal: ',' },
    ],
    ['with tabs', (HEADER + LINE).replaceAll(',', '\t'), {}],
    ['in Latin-1', Buffer.from(`${HEADER.trim()},Région\n${LINE.trim()},Orléans\n`, 'latin1'), {}, 'windows-1252'],
    ['in UTF-16', Buffer.from(HEADER + LINE, 'utf16le'), {}, 'utf-16le'],
    [
      'with numbers without plus',
      `${HEADER}a1,15559876543,sip:15551234567@192.0.2.1,2026-11-23 10:00:00,61,0.0125\n`,
      {},
    ],
    [
      'with national numbers',
      `${HEADER}a1,(555) 987-6543,5551234567,2026-11-23 10:00:00,61,0.0125\n`,
      { default_country: 'US' },
    ],
    ['guarded for spreadsheets', `${HEADER}a1,'+15559876543,"=""+15551234567""",2026-11-23 10:00:00,61,0.0125\n`, {}],
    [
      'in minutes',
      `${HEADER}a1,+15559876543,+15551234567,2026-11-23 10:00:00,1.02,0.0125\n`,
      { duration_unit: 'minutes' },
    ],
    [
      'in milliseconds',
      `${HEADER}a1,+15559876543,+15551234567,2026-11-23 10:00:00,60100,0.0125\n`,
      { duration_unit: 'milliseconds' },
    ],
    [
      'in clock time',
      `${HEADER}a1,+15559876543,+15551234567,2026-11-23 10:00:00,0:01:01,0.0125\n`,
      { duration_unit: 'clock' },
    ],
    ['with negative costs', HEADER + LINE.replace('0.0125', '-0.0125'), { negative_amounts: true }],
    ['in another zone', HEADER + LINE.replace('10:00', '11:00'), { time_zone: 'Europe/Berlin' }],
    [
      'with a column for the time of day',
      `Id,From,To,Start,Clock,Seconds,Cost\n${LINE.replace(' 10', ',10')}`,
      { columns: { ...GENERIC.columns, time_of_day: 'Clock' } },
    ],
  ])('%s', async (...[, file, over, charset]) => {
    const { calls, problems } = await read(file, over, charset);
    expect(problems).toEqual([]);
    expect(calls).toEqual([{ ...CALL, line: expect.any(Number) }]);
  });

  it('without costs, lengths and callers is read too', async () => {
    const { calls } = await read(`${HEADER}a1,,+15551234567,2026-11-23 10:00:00,,\n`);
    expect(calls).toEqual([{ ...CALL, from: '', seconds: 0, amount_micros: null, currency: null }]);
  });

  it('has problems that name line and column and what to do', async () => {
    const { calls, problems } = await read(
      `${HEADER}${LINE}a2,+15559876543,,23/11/2026 10:00:00,-5,free\n\n,,,,,\n` +
        `a3,=HYPERLINK(x),+15551234567,2026-11-23 10:00:00,1,9e99\n`,
    );
    expect(calls).toHaveLength(1);
    expect(problems).toEqual([
      { line: 3, column: 'To', message: expect.stringMatching(/^the empty cell is no number/) },
      { line: 3, column: 'Start', message: expect.stringMatching(/^"23\/11\/2026 10:00:00" is no time .*time_format/) },
      { line: 3, column: 'Seconds', message: expect.stringMatching(/duration_unit/) },
      { line: 3, column: 'Cost', message: expect.stringMatching(/^"free" is no amount/) },
      { line: 6, column: 'Cost', message: expect.stringMatching(/^"9e99" is no amount/) },
    ]);
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['nothing', '', /The file is empty/],
    ['another header', 'a,b\n1,2\n', /missing "From", "To", "Start", "Seconds"\. Line 1 has "a", "b"/],
    ['a quote that does not fit', `${HEADER}${LINE}a"b,"c"d,e\n`, /^Line 3, column \d+ is not CSV/],
    ['a quote that is not closed', `${HEADER}"${LINE.repeat(2_000)}`, /more than 65536 characters: perhaps a quote/],
    ['a line of 10 MB', `${HEADER}${'x'.repeat(10_000_000)}\n`, /more than 65536 characters/],
    ['a NUL', `${HEADER}${LINE}a\0b\n`, /^Line 3 has a NUL character/],
    ['bytes of Latin-1', Buffer.from(`${HEADER}${LINE}é,1\n`, 'latin1'), /^Near line 3 .* charset=windows-1252/],
    ['half a gzip', gzipSync(HEADER + LINE.repeat(99)).subarray(0, 90), /not valid gzip/],
  ])('of %s is refused with what to do', async (_what, file, message) => {
    await expect(read(file)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringMatching(message),
    });
  });

  it('in a character set that nobody knows is refused', async () => {
    await expect(read(HEADER, {}, 'klingon')).rejects.toMatchObject({ code: 'unsupported-media-type' });
  });
});

describe('the presets', () => {
  it.each(PRESETS.map((preset) => [preset.name, preset] as const))(
    '%s reads a line of its own',
    async (_name, format) => {
      const { from, to, time, duration, amount } = format.columns;
      const when = format.time_format === 'standard' ? '2026-11-23 10:00:00' : '2026/11/23 10:00:00 AM';
      const cost = format.negative_amounts ? '-0.0125' : '0.0125';
      const header = [from, to, time, duration, amount!].map((names) => names.at(-1)).join(',');
      const file = `${header}\n15559876543,15551234567,${when},61,${cost}\n`;
      const calls: CarrierCall[] = [];
      for await (const line of readCarrierFile({ bytes: pieces(Buffer.from(file)), charset: 'utf-8', format }))
        calls.push((line as { call: CarrierCall }).call);
      expect(calls).toEqual([{ ...CALL, reference: null, currency: format.currency }]);
    },
  );
});
