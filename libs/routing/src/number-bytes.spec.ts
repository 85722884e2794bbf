import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { numberState, numberTarget } from '@trunkmesh/contracts/number.js';
import { number, NUMBER_ID, ORG, organization, subjectOf, TRUNK } from './inbound-fixture.js';
import { applyEventBytes } from './number-bytes.js';
import {
  ACTIVE,
  countriesOf,
  firstSlot,
  findNumber,
  flagsOf,
  idWords,
  NONE,
  rowAt,
  targetOf,
  trunkOf,
} from './number-table.js';
import { applyEvent } from './route-events.js';
import { createRouteIndex, type RouteIndex } from './route-index.js';
import { formatUuid } from './uuid-words.js';

const PHONE = '+15551230001';
const event = (state: unknown, change: unknown = {}) => ({
  specversion: '1.0',
  id: NUMBER_ID(1),
  source: 'trunk-service',
  type: 'NumberUpdated',
  subject: subjectOf(number(1, PHONE)),
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  entityversion: 3,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  data: { change, state },
});
const bytesOf = (value: unknown, space?: number) => new TextEncoder().encode(JSON.stringify(value, null, space));

function seen(index: RouteIndex) {
  const slot = findNumber(index.numbers, Number(PHONE), firstSlot(index.numbers, Number(PHONE)));
  if (slot < 0) return undefined;
  const row = rowAt(index.numbers, slot);
  const [trunk, countries] = [trunkOf(index.numbers, row), countriesOf(index.numbers, row)];
  return {
    id: formatUuid(idWords(index.numbers, row)),
    flags: flagsOf(index.numbers, row),
    target: targetOf(index.numbers, row),
    trunk: trunk === NONE ? null : index.trunkEntries.values[trunk]!.id,
    countries: countries === NONE ? null : [...index.countries.values[countries]!],
  };
}

const hostile = fc.oneof(
  fc.string(),
  fc.constantFrom('"', '\\', '\\"', '","state":null,"x":"', '{"state":{"id":', '\u0000', '😀', '}]}'),
);
const state = fc
  .record({
    id: fc.nat().map(NUMBER_ID),
    friendly_name: fc.option(hostile),
    provider: fc.option(hostile),
    is_active: fc.boolean(),
    sip_trunk_id: fc.option(fc.nat(5).map(TRUNK)),
    allowed_country_codes: fc.option(fc.uniqueArray(fc.constantFrom('US', 'DE', 'GB'))),
    capabilities: fc.dictionary(hostile, fc.boolean()),
    target: fc.option(
      fc.record({
        kind: fc.constantFrom('assistant' as const, 'flow' as const),
        id: fc.maxSafeNat(),
        name: fc.option(hostile),
        is_active: fc.boolean(),
      }),
    ),
    call_settings: fc.option(
      fc.record({ media_url: hostile, signing_secret: hostile, record: fc.boolean() }, { requiredKeys: [] }),
      { nil: undefined },
    ),
  })
  .map((with_) => number(1, PHONE, with_));

describe("a number's event in bytes", () => {
  it('has the effect of the event, whatever strings stand in it, in whatever order and spelling', () => {
    fc.assert(
      fc.property(
        fc.option(state),
        fc.anything(),
        fc.boolean(),
        fc.constantFrom(undefined, 1),
        (after, change, reversed, space) => {
          const shuffled = after && reversed ? Object.fromEntries(Object.entries(after).reverse()) : after;
          const [skimmed, parsed] = [createRouteIndex(), createRouteIndex()];
          for (const index of [skimmed, parsed])
            applyEvent(index, subjectOf(number(1, PHONE)), {
              data: { state: number(1, PHONE, { sip_trunk_id: TRUNK(9) }) },
            });
          expect(applyEventBytes(skimmed, subjectOf(number(1, PHONE)), bytesOf(event(shuffled, change), space))).toBe(
            true,
          );
          applyEvent(parsed, subjectOf(number(1, PHONE)), event(after));
          expect(seen(skimmed)).toEqual(seen(parsed));
          expect(skimmed.numbers.size).toBe(after === null ? 0 : 1);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('without a member that routing keeps, or with one of another shape, goes the usual way', () => {
    const index = createRouteIndex();
    const { allowed_country_codes: _countries, ...old } = number(1, PHONE);
    for (const after of [
      old,
      { ...number(1, PHONE), is_active: 1 },
      { ...number(1, PHONE), allowed_country_codes: ['USA'] },
    ]) {
      expect(applyEventBytes(index, subjectOf(number(1, PHONE)), bytesOf(event(after)))).toBe(true);
      expect(seen(index)!.flags & ACTIVE).toBe(ACTIVE);
    }
  });

  it('with call settings is read by its bytes, not by parsing it: members after the target do not matter', () => {
    const { created_at, updated_at, ...rest } = number(1, PHONE, {
      sip_trunk_id: TRUNK(9),
      allowed_country_codes: ['DE'],
    });
    const call_settings = {
      media_url: 'wss://assistant.example.com/","target":null,"x":"',
      signing_secret: 'v1.k1.aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbb',
      record: true,
    };
    const after = numberState.parse({ ...rest, call_settings, created_at, updated_at });
    const bytes = bytesOf(event(after, { fields: ['call_settings'] }));
    const [skimmed, parsed] = [createRouteIndex(), createRouteIndex()];
    // Without its last bracket it is no JSON any more.
    expect(applyEventBytes(skimmed, subjectOf(after), bytes.subarray(0, bytes.length - 1))).toBe(true);
    applyEvent(parsed, subjectOf(after), event(after));
    expect(seen(skimmed)).toEqual(seen(parsed));
  });

  it('that is cut short or not JSON throws as JSON does, and changes nothing', () => {
    const whole = bytesOf(event(number(1, PHONE, { target: { kind: 'flow', id: 1, name: 'x', is_active: true } })));
    const index = createRouteIndex();
    const end = new TextDecoder().decode(whole).indexOf('"target":') + 10;
    for (let length = 0; length < end; length++)
      expect(() => applyEventBytes(index, subjectOf(number(1, PHONE)), whole.subarray(0, length))).toThrow(SyntaxError);
    expect(index.numbers.size).toBe(0);
  });

  it('of another entity goes the usual way', () => {
    const index = createRouteIndex();
    expect(
      applyEventBytes(index, subjectOf(organization(1)), bytesOf(event(organization(1, { status: 'suspended' })))),
    ).toBe(true);
    expect(index.organizations.values[0]!.state!.status).toBe('suspended');
    for (const subject of [
      `trunkmesh.org.${ORG(1)}.number.0155512300`,
      `trunkmesh.org.${ORG(1)}.number.1555x`,
      'trunkmesh.bridge.b1',
    ])
      expect(applyEventBytes(index, subject, bytesOf(event({})))).toBe(false);
  });

  it('is read by its bytes in the order in which the contract writes its members', () => {
    expect(Object.keys(numberState.shape).slice(0, 11)).toEqual([
      'id',
      'organization_id',
      'phone_number',
      'friendly_name',
      'provider',
      'is_active',
      'sip_trunk_id',
      'allowed_country_codes',
      'is_verified_caller_id',
      'capabilities',
      'target',
    ]);
    expect(Object.keys(numberTarget.shape)).toEqual(['kind', 'id', 'name', 'is_active']);
    // A service writes what the schema gives back, whatever order it was given.
    const given = number(1, PHONE, { target: { kind: 'flow', id: 7, name: 'x', is_active: true } });
    const after = numberState.parse(Object.fromEntries(Object.entries(given).reverse()));
    const bytes = bytesOf(event(after));
    const [skimmed, parsed] = [createRouteIndex(), createRouteIndex()];
    // Without its last bracket it is no JSON any more: parsing it would throw.
    expect(applyEventBytes(skimmed, subjectOf(after), bytes.subarray(0, bytes.length - 1))).toBe(true);
    applyEvent(parsed, subjectOf(after), event(after));
    expect(seen(skimmed)).toEqual(seen(parsed));
  });

  it('the fixture is a number as the contract has it', () =>
    expect(numberState.parse(number(1, PHONE))).toEqual(number(1, PHONE)));
});
