import { describe, expect, it } from '@jest/globals';
import { callEnded, type CallEnded } from '@trunkmesh/contracts/call.js';
import type { InboundDecision } from '@trunkmesh/contracts/routing.js';
import { readFileSync } from 'node:fs';
import { namedInFull, provingCall } from './call-proof.js';
import {
  forgetBridge,
  isNews,
  KEPT_MS,
  networksOf,
  noteAddresses,
  registeredNetwork,
  resolvedName,
} from './resolved-names.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';

const sample = callEnded.parse(
  JSON.parse(readFileSync(new URL('../../../../libs/contracts/samples/CallEnded.json', import.meta.url), 'utf8')),
);
const ended = (over: Partial<CallEnded['data']>): CallEnded => ({
  ...sample,
  data: {
    ...sample.data,
    direction: 'inbound',
    answered_at: sample.data.ended_at,
    hangup_disposition: 'recv_bye',
    reconstructed: false,
    ...over,
  },
});

describe('a finished call', () => {
  it.each<[string, Partial<CallEnded['data']>, boolean]>([
    ['whose ACK had our own tag proves its address', {}, true],
    ['whose ACK had our own tag, and which we ended at once', { hangup_disposition: 'send_bye', billable_ms: 1 }, true],
    ['that the caller ended, acknowledged by nobody', { acknowledged: false }, false],
    [
      'that the caller ended, as an older agent tells it: its BYE needs nothing that only the caller knows',
      { acknowledged: undefined },
      false,
    ],
    [
      'that lasted, as an older agent tells it',
      { acknowledged: undefined, hangup_disposition: 'send_bye', billable_ms: 90_000 },
      false,
    ],
    ['that was not answered', { answered_at: null }, false],
    ['that was placed by us', { direction: 'outbound' }, false],
    ['of nobody', { organization_id: null }, false],
    ['without an address', { source_address: null }, false],
    ['without a number', { number_id: null }, false],
  ])('%s', (_what, over, proves) =>
    expect(provingCall(ended({ acknowledged: true, ...over }), 'news') !== undefined).toBe(proves),
  );

  it.each<[string, Partial<CallEnded['data']>, boolean]>([
    ['that the caller ended proves its address', {}, true],
    ['whose caller transferred it', { hangup_disposition: 'recv_refer', billable_ms: 10 }, true],
    ['that we ended after 40 s', { hangup_disposition: 'send_bye', billable_ms: 40_000 }, true],
    [
      'that we ended before: the answer may never have arrived',
      { hangup_disposition: 'send_bye', billable_ms: 39_999 },
      false,
    ],
    ['whose end nobody saw', { hangup_disposition: null, reconstructed: true, billable_ms: 90_000 }, false],
    ['that was acknowledged by nobody', { acknowledged: false }, false],
  ])('of before the first start, %s', (_what, over, proves) =>
    expect(provingCall(ended(over), 'history') !== undefined).toBe(proves),
  );
});

describe('a decision', () => {
  const route = (raw: string | null, source: 'Diversion' | 'To' | 'sole_number', named?: boolean): InboundDecision => ({
    outcome: 'route',
    organization_id: '01890000-0000-7000-8000-0000000000aa',
    trunk_id: '01890000-0000-7000-8000-0000000000bb',
    number_id: '01890000-0000-7000-8000-0000000000cc',
    number: '+15551234567',
    decided_by: source,
    target: { kind: 'assistant', id: 1 },
    caller: null,
    ...(named === undefined ? {} : { named_in_full: named }),
    explanation: {
      source_address: '192.0.2.9',
      claimed_gateway: null,
      candidates: [],
      steps: [{ source, raw, number: '+15551234567', verdict: 'decided' }],
      summary: '',
    },
  });
  it.each<[string, InboundDecision | null, boolean]>([
    ['that says so', route(null, 'To', true), true],
    ['that says not', route('+15551234567', 'To', false), false],
    [
      'of before, by a full number',
      route('<sip:+15551234567@pbx.example.com>;reason=unconditional', 'Diversion'),
      true,
    ],
    ['of before, without the plus', route('15551234567', 'To'), true],
    ["of before, by a rule's extension", route('2000', 'To'), false],
    ['of before, by a national number', route('5551234567', 'To'), false],
    ['of before, by another number', route('+15550000000', 'To'), false],
    ['by the sole number', route(null, 'sole_number'), false],
    ['that is none', null, false],
  ])('%s', (_what, decision, named) => expect(namedInFull(decision)).toBe(named));
});

describe("where a gateway's name leads", () => {
  const at = { now: 1_000, allowPrivate: false };
  it('is what all bridges report, usable addresses alone', () => {
    const name = resolvedName();
    expect(networksOf(name, 0)).toBeUndefined();
    noteAddresses(
      name,
      'b1',
      [
        '203.0.113.5',
        '127.0.0.1',
        '169.254.169.254',
        '10.0.0.5',
        '192.0.0.192',
        '198.18.0.1',
        '168.63.129.16',
        '2001::1',
        'x',
      ],
      at,
    );
    noteAddresses(name, 'b2', ['203.0.113.6', '2001:db8::1'], at);
    expect(networksOf(name, 1_000)).toEqual(['203.0.113.5/32', '203.0.113.6/32', '2001:db8::1/128']);
    noteAddresses(name, 'b3', ['127.0.0.1'], { ...at, allowPrivate: true });
    expect(networksOf(name, 1_000)).toContain('127.0.0.1/32');
  });
  it('loses an address a minute after the last report, and none by a failure of the name server', () => {
    const name = resolvedName();
    noteAddresses(name, 'b1', ['203.0.113.5'], at);
    noteAddresses(name, 'b1', [], at);
    expect(networksOf(name, 900_000)).toEqual(['203.0.113.5/32']);
    noteAddresses(name, 'b1', ['203.0.113.6'], { ...at, now: 900_000 });
    expect(networksOf(name, 900_000 + KEPT_MS - 1)).toEqual(['203.0.113.6/32', '203.0.113.5/32']);
    expect(networksOf(name, 900_000 + KEPT_MS)).toEqual(['203.0.113.6/32']);
    forgetBridge(name, 'b1', 900_000);
    expect(networksOf(name, 900_000 + KEPT_MS)).toBeUndefined();
  });
  it('is news where the claims differ, whatever their order', () => {
    const trunk = (gateway: string, ...networks: string[]) =>
      ({
        gateway,
        inbound_addresses: ['192.0.2.1'],
        created_at: '',
        address_claims: [
          { network: '192.0.2.1/32', via: 'inbound', since: '' },
          ...networks.map((network) => ({ network, via: 'name', since: '' })),
        ],
      }) as unknown as TrunkState;
    expect(
      isNews(trunk('sip.example.com', '203.0.113.5/32', '203.0.113.6/32'), [
        '203.0.113.6/32',
        '203.0.113.5/32',
        '192.0.2.1/32',
      ]),
    ).toBe(false);
    expect(isNews(trunk('sip.example.com', '203.0.113.5/32'), ['203.0.113.6/32'])).toBe(true);
    expect(isNews(trunk('sip.example.com', '203.0.113.5/32'), [])).toBe(true);
    expect(isNews(trunk('198.51.100.1'), ['203.0.113.6/32'])).toBe(false);
  });
});

describe('a live registration', () => {
  const registered = (gateway: string, transport: 'udp' | 'tls', addresses: string[] | undefined, over: object = {}) =>
    registeredNetwork(
      { gateway, transport, register: true, ...over },
      { state: 'REGED', registered_address: '203.0.113.5', ...(addresses === undefined ? {} : { addresses }), ...over },
      false,
    );
  it.each<[string, string | undefined, string | undefined]>([
    ['at a literal address', registered('203.0.113.5:5080', 'udp', undefined), '203.0.113.5/32'],
    ['answered from elsewhere than asked', registered('198.51.100.1', 'udp', undefined), undefined],
    ['at a name with this address alone', registered('sip.example.com', 'udp', ['203.0.113.5']), '203.0.113.5/32'],
    [
      'at a name with more, over UDP: the answer may be forged',
      registered('sip.example.com', 'udp', ['203.0.113.5', '203.0.113.6']),
      undefined,
    ],
    [
      'at a name with more, over TLS',
      registered('sip.example.com', 'tls', ['203.0.113.5', '203.0.113.6']),
      '203.0.113.5/32',
    ],
    ['at a name that does not lead there', registered('sip.example.com', 'tls', ['203.0.113.6']), undefined],
    [
      'at the outbound proxy',
      registered('198.51.100.1', 'udp', undefined, { outbound_proxy: '203.0.113.5:5080' }),
      '203.0.113.5/32',
    ],
    ['that is over', registered('203.0.113.5', 'udp', undefined, { state: 'FAILED' }), undefined],
    ['at a private address', registered('10.0.0.5', 'udp', undefined, { registered_address: '10.0.0.5' }), undefined],
  ])('%s', (_what, network, expected) => expect(network).toBe(expected));
});
