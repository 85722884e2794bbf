import { describe, expect, it } from '@jest/globals';
import { callLogQuery } from '@trunkmesh/contracts/call-log.js';
import { spanIn } from '../http/given-time.js';
import { checkRequest } from '../http/field-problems.js';
import { callQuery, logQueryOf, skipHeaders } from './call-query.js';

const ORG = '0190a5b2-7c00-7000-8000-00000000000a';
const ID = '4c7d1814-0069-4c14-8ffe-f9ba6015fa4a';
const read = (given: object) => {
  const query = callQuery.parse(given);
  return logQueryOf(ORG, { ...query, ...spanIn('UTC', query) });
};

describe('what is asked of the calls', () => {
  it('is a hundred of the newest where nothing is said', () => {
    expect(callLogQuery.parse(JSON.parse(JSON.stringify(read({}))))).toEqual({
      organization_id: ORG,
      skip: 0,
      limit: 100,
    });
  });

  it.each<[string, object, object]>([
    ['a sid', { call_sid: `CA${ID.replaceAll('-', '')}` }, { call_id: ID }],
    ['a sid in lower case', { call_sid: `ca${ID.replaceAll('-', '')}` }, { call_id: ID }],
    ["the call's UUID", { call_sid: ID.toUpperCase() }, { call_id: ID }],
    ['part of a sid', { call_sid: 'CA4c7d' }, { call_sid: 'CA4c7d' }],
    ['part of a UUID', { call_sid: '0069-4c14' }, { call_sid: '0069-4c14' }],
    [
      "32 digits that are no UUID's",
      { call_sid: `CA${'1234567890'.repeat(4).slice(0, 32)}` },
      { call_sid: `CA${'1234567890'.repeat(4).slice(0, 32)}` },
    ],
    ['a number', { customer_phone: '+15559876543' }, { customer_phone: '+15559876543' }],
    ['a number whose plus was not encoded', { customer_phone: ' 15559876543' }, { customer_phone: '+15559876543' }],
    ['a punctuated number', { customer_phone: '+1 (555) 987-6543' }, { customer_phone: '+15559876543' }],
    ['a punctuated number without a plus', { customer_phone: '1 (555) 987-6543' }, { customer_phone: '15559876543' }],
    ['a short number', { customer_phone: '9228' }, { customer_phone: '9228' }],
    ['who is no number', { customer_phone: '+front-desk' }, { customer_phone: '+front-desk' }],
    [
      'numbers as texts',
      { skip: '5', limit: '1000', assistant_id: '7', flow_id: '8', min_duration: '1.5', max_duration: '60' },
      { skip: 5, limit: 1000, assistant_id: 7, flow_id: 8, min_duration: 1.5, max_duration: 60 },
    ],
    [
      'a whole day',
      { date_from: '2026-11-26', date_to: '2026-11-26' },
      { date_from: '2026-11-26T00:00:00.000Z', date_to: '2026-11-26T23:59:59.999Z' },
    ],
    ['a time', { date_from: '2026-11-26T09:30:00Z' }, { date_from: '2026-11-26T09:30:00.000Z' }],
    ['a time without a zone', { date_from: '2026-11-26T09:30' }, { date_from: '2026-11-26T09:30:00.000Z' }],
    ['a time elsewhere', { date_from: '2026-11-26T09:30:00.5+02:00' }, { date_from: '2026-11-26T07:30:00.500Z' }],
    [
      'a time elsewhere whose plus was not encoded',
      { date_to: '2026-11-26T00:30:00 0200' },
      { date_to: '2026-11-25T22:30:00.000Z' },
    ],
    ['a leap day', { date_from: '2028-02-29' }, { date_from: '2028-02-29T00:00:00.000Z' }],
  ])('%s is understood', (_what, query, expected) => {
    const asked = JSON.parse(JSON.stringify(read(query))) as object;
    expect(asked).toMatchObject(expected);
    expect(callLogQuery.parse(asked)).toEqual(asked);
  });

  it.each<[string, object]>([
    ['a limit beyond', { limit: '1001' }],
    ['no limit', { limit: '0' }],
    ['a skip beyond', { skip: '1000001' }],
    ['a status that is none', { status: 'lost' }],
    ['an empty sid', { call_sid: '' }],
    ['an empty name', { assistant_name: ' ' }],
    ['a duration that is empty', { max_duration: '' }],
    ['one that is blank', { min_duration: ' ' }],
    ['hexadecimal digits', { min_duration: '0x10' }],
    ['an empty skip', { skip: '' }],
    ['a day that is none', { date_from: '2026-02-30' }],
    ['a time that is none', { date_from: '2026-02-28T25:00:00Z' }],
    ['words', { date_to: 'yesterday' }],
    ['a time before all times', { date_from: '0000-01-01T00:00:00+05:00' }],
    ['a duration below nothing', { min_duration: '-1' }],
    ['two at once', { status: ['ongoing', 'failed'] }],
    ['an unknown filter', { phone: '+15559876543' }],
    ['no number', { customer_phone: ' ' }],
  ])('%s is refused', (_what, query) => expect(callQuery.safeParse(query).success).toBe(false));

  it.each<[object, string]>([
    [{ assistant_id: '0' }, 'must be at least 1'],
    [{ max_duration: '' }, 'must be a number'],
    [{ limit: '1.5' }, 'must be a whole number'],
    [{ limit: 'all' }, 'must be a number'],
    [{ skip: '-1' }, 'must be at least 0'],
  ])('%j is refused with what it must be', (query, message) =>
    expect(checkRequest(callQuery, query).problems).toEqual([{ pointer: `/${Object.keys(query)[0]}`, message }]),
  );
});

describe('the way to the next page', () => {
  it('keeps the filters', () => {
    expect(skipHeaders('/api/v1/calls?status=failed&limit=2', { skip: 0, count: 2, total: 3 })).toEqual({
      'X-Total-Count': '3',
      Link: '</api/v1/calls?status=failed&limit=2&skip=2>; rel="next"',
    });
    expect(skipHeaders('/api/v1/calls?skip=2&limit=2', { skip: 2, count: 1, total: 3 })).toEqual({
      'X-Total-Count': '3',
    });
    expect(skipHeaders('/api/v1/calls', { skip: 7, count: 0, total: 3 })).toEqual({ 'X-Total-Count': '3' });
  });
});
