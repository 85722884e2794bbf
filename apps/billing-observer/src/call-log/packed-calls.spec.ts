import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { callIdAt, Codes, matching, packedCalls, type PackedFilters } from './packed-calls.js';

interface Call {
  id: string;
  phone: string;
  ms: number | null;
  status: string;
  direction: string;
  assistant: number | null;
  trunk: string | null;
}

const TRUNKS = ['0190a5b2-7c00-7000-8000-000000000001', '0190a5b2-7c00-7000-8000-000000000002'];

const packed = (calls: readonly Call[], codes = new Codes()) =>
  packedCalls(
    {
      sids: calls.map(({ id }) => `ca${id}`).join('\n'),
      phones: calls.map(({ phone }) => phone).join('\n'),
      durations: calls.map(({ ms }) => ms ?? '').join('\n'),
      coded: calls
        .map(({ status, direction, assistant, trunk }) => [status, direction, assistant, '', trunk, ''].join(','))
        .join('\n'),
    },
    codes,
  );

type Finds = { [Name in keyof PackedFilters]-?: (call: Call, value: NonNullable<PackedFilters[Name]>) => boolean };

/** What SQL does with one call at a time. */
const FINDS: Finds = {
  status: ({ status }, value) => status === value,
  direction: ({ direction }, value) => direction === value,
  assistant_id: ({ assistant }, value) => assistant === value,
  assistant_ids: ({ assistant }, values) => values.some((id) => id === assistant),
  flow_id: () => false,
  trunk_id: ({ trunk }, value) => trunk === value.toLowerCase(),
  number_id: () => false,
  min_duration: ({ ms }, value) => ms !== null && ms >= Math.round(value * 1_000),
  max_duration: ({ ms }, value) => ms !== null && ms <= Math.round(value * 1_000),
  call_sid: ({ id }, value) => `ca${id}`.includes(value.toLowerCase().replaceAll('-', '')),
  customer_phone: ({ phone }, value) =>
    value.startsWith('+') ? phone.startsWith(value) : phone.includes(value.toLowerCase()),
};
const finds = (call: Call, query: PackedFilters) =>
  Object.entries(query).every(
    ([name, value]) =>
      value === undefined || (FINDS[name as keyof Finds] as (call: Call, value: unknown) => boolean)(call, value),
  );

const digits = (length: number, of: string) =>
  fc.string({ unit: fc.constantFrom(...of), minLength: length, maxLength: length });
const call: fc.Arbitrary<Call> = fc.record({
  id: digits(32, '0a1'),
  phone: fc.oneof(
    digits(4, '15').map((text) => `+1${text}`),
    fc.constantFrom('anonymous', '', '+'),
  ),
  ms: fc.option(fc.constantFrom(0, 1_000, 4_020, 60_000)),
  status: fc.constantFrom('ongoing', 'completed', 'failed'),
  direction: fc.constantFrom('inbound', 'outbound'),
  assistant: fc.option(fc.constantFrom(7, 8)),
  trunk: fc.option(fc.constantFrom(...TRUNKS)),
});
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const filters: fc.Arbitrary<PackedFilters> = fc.record({
  status: optional(fc.constantFrom('ongoing' as const, 'completed' as const, 'failed' as const)),
  direction: optional(fc.constantFrom('inbound' as const, 'outbound' as const)),
  assistant_id: optional(fc.constantFrom(7, 8, 9)),
  assistant_ids: optional(fc.subarray([7, 8, 9])),
  trunk_id: optional(fc.constantFrom(TRUNKS[0]!.toUpperCase(), TRUNKS[1]!)),
  min_duration: optional(fc.constantFrom(0, 1, 4.02, 1e308)),
  max_duration: optional(fc.constantFrom(0, 1, 4.02, 60)),
  call_sid: optional(fc.constantFrom('CA0', 'a', '0-1', '-', 'c', 'CA%', '1\n')),
  customer_phone: optional(fc.constantFrom('+', '+11', '51', 'NYM', '1', '\n', '1\n+')),
});

describe('packed calls', () => {
  it('give every call back', () => {
    const calls = packed([
      {
        id: 'a'.repeat(32),
        phone: '+15550001',
        ms: 1,
        status: 'completed',
        direction: 'inbound',
        assistant: 7,
        trunk: null,
      },
      { id: 'b'.repeat(32), phone: '', ms: null, status: 'ongoing', direction: 'inbound', assistant: 7, trunk: null },
    ]);
    expect(calls.size).toBe(2);
    expect([callIdAt(calls, 0), callIdAt(calls, 1)]).toEqual(['a'.repeat(32), 'b'.repeat(32)]);
  });

  it('are found by any combination of filters, as the database finds them', () => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 40 }), filters, (calls, query) => {
        const expected = calls.flatMap((each, row) => (finds(each, query) ? [row] : []));
        const codes = new Codes();
        const one = packed(calls, codes);
        expect([...matching(one, query, codes)]).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });
});
