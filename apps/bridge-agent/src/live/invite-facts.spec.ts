import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inboundRequest } from '@trunkmesh/contracts/routing.js';
import { readInvite, routingRequest } from './invite-facts.js';
import { recordedEvents } from '../esl/recorded-channel.fixture.js';

const NOW = new Date('2026-11-23T00:00:00.000Z');
const CALL = 'f96c8bc1-1be6-4f5b-9746-6fc301ceaedc';
const channel = (variables: Record<string, string>) =>
  new Map([
    ['Unique-ID', CALL],
    ...Object.entries(variables).map(([name, value]): [string, string] => [`variable_${name}`, value]),
  ]);
const read = (variables: Record<string, string>) => readInvite(channel(variables), NOW)!;

describe("an INVITE, from the channel's variables", () => {
  it('as recorded: a PBX that forwards, with several sources and a hostile header', async () => {
    const [data] = await recordedEvents('inbound-call-outbound-socket.esl.txt', 'CHANNEL_DATA');
    expect(readInvite(data!, NOW)).toMatchObject({
      callId: CALL,
      inbound: true,
      sourceAddress: '127.0.0.1',
      claimedGateway: null,
      requestUriUser: '9228',
      toUser: '9228',
      fromUser: '+15559876543',
      sipCallId: '1-6592@127.0.0.1',
      startedAt: new Date('2026-11-23T00:44:09.871Z'),
      headers: [
        ['Diversion', '<sip:+15550000002@pbx.example.com>;reason=unconditional;counter=1'],
        ['Diversion', '<sip:+15551234567@pbx.example.com>;reason=unconditional;counter=1'],
        [
          'History-Info',
          '<sip:+15551234567@pbx.example.com>;index=1, <sip:9228@pbx.example.com?Reason=SIP;cause=302>;index=1.1',
        ],
        ['X-Original-Called', '+15551234567'],
        ['P-Called-Party-ID', '<sip:+15551234567@ims.example.com>'],
      ],
    });
  });

  it('as recorded: a registered trunk, whose number is in To', async () => {
    const [data] = await recordedEvents('outbound-socket-connect-registered-gateway.esl.txt', 'CHANNEL_DATA');
    expect(readInvite(data!, NOW)).toMatchObject({
      claimedGateway: 'tr-good.1',
      requestUriUser: 'gw+tr-good.1',
      toUser: '+15551234567',
      headers: [],
    });
  });

  it.each<[string, Record<string, string>, [string, string][]]>([
    ['a single line', { sip_i_diversion: '<sip:1@a>' }, [['Diversion', '<sip:1@a>']]],
    [
      'several lines, in their order',
      { sip_i_diversion: 'ARRAY::<sip:1@a>|:<sip:2@a>|:<sip:3@a>', sip_h_Diversion: '<sip:3@a>' },
      [
        ['Diversion', '<sip:1@a>'],
        ['Diversion', '<sip:2@a>'],
        ['Diversion', '<sip:3@a>'],
      ],
    ],
    [
      'without parse-all-invite-headers: what there is',
      { sip_h_Diversion: '<sip:3@a>', sip_history_info: '<sip:4@a>;index=1' },
      [
        ['Diversion', '<sip:3@a>'],
        ['History-Info', '<sip:4@a>;index=1'],
      ],
    ],
    ["under the sender's own capitals", { 'sip_h_x-original-CALLED': '5' }, [['X-Original-Called', '5']]],
    [
      'one that looks like a variable is not in sip_h_',
      { sip_i_x_original_to: '${uuid_kill}' },
      [['X-Original-To', '${uuid_kill}']],
    ],
    [
      'others are of no interest, credentials least of all',
      {
        sip_i_authorization: 'Digest username="x"',
        sip_h_Authorization: 'Digest',
        sip_i_x_evil: 'x',
        'sip_h_X-Evil': 'x',
      },
      [],
    ],
  ])('header lines: %s', (_case, variables, expected) => {
    expect(read(variables).headers).toEqual(expected);
  });

  const anonymous = { sip_from_user: 'anonymous' };
  it.each<[string, Record<string, string>, string]>([
    ['asserted before From', { 'sip_P-Asserted-Identity': '+15551110000', ...anonymous }, '+15551110000'],
    ['but only a number', { 'sip_P-Asserted-Identity': 'alice', sip_from_user: '+15552220000' }, '+15552220000'],
    [
      'without what carriers add',
      { 'sip_P-Asserted-Identity': '+15551110000;cpc=ordinary', ...anonymous },
      '+15551110000',
    ],
    [
      'from the header, where FreeSWITCH has it',
      {
        sip_i_p_asserted_identity: '"A" <sip:+12015550123@a>',
        ...anonymous,
      },
      '+12015550123',
    ],
    [
      'of two that are asserted the number',
      {
        sip_i_p_asserted_identity: 'ARRAY::<sip:alice@a>|:<tel:+12015550123>',
        'sip_P-Asserted-Identity': 'alice',
        ...anonymous,
      },
      '+12015550123',
    ],
    [
      'a local number with its context',
      {
        sip_i_p_asserted_identity: '<tel:2015550123;phone-context=+1>',
        'sip_P-Asserted-Identity': '2015550123',
        ...anonymous,
      },
      '2015550123;phone-context=+1',
    ],
    ['nobody', {}, ''],
  ])('who calls: %s', (_case, variables, expected) => {
    expect(read(variables).fromUser).toBe(expected);
  });

  it.each<[string, Record<string, string>, boolean]>([
    ['Privacy: id, in its own variable', { sip_Privacy: 'id' }, true],
    ['as every header', { sip_i_privacy: 'user;critical' }, true],
    ['Privacy: none', { sip_Privacy: 'none', sip_i_privacy: 'none' }, false],
    ['none of it', { sip_from_user: 'anonymous' }, false],
  ])('whether the caller is withheld: %s', (_case, variables, expected) => {
    expect(read(variables).callerWithheld).toBe(expected);
  });

  it('an IPv6 source loses its brackets; a channel without a usable id is none', () => {
    expect(read({ sip_network_ip: '[2001:db8::1]' }).sourceAddress).toBe('2001:db8::1');
    expect(readInvite(new Map([['Unique-ID', 'x.y']]), NOW)).toBeUndefined();
    expect(readInvite(new Map(), NOW)).toBeUndefined();
    expect(
      readInvite(
        new Map([
          ['Unique-ID', CALL],
          ['Call-Direction', 'outbound'],
        ]),
        NOW,
      )?.inbound,
    ).toBe(false);
  });

  it('whatever the caller wrote fits the contract', () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 3000 });
    fc.assert(
      fc.property(
        fc.record({
          sip_network_ip: hostile,
          sip_gateway: hostile,
          sip_req_user: hostile,
          sip_to_user: hostile,
          sip_from_user: hostile,
          sip_call_id: hostile,
          sip_i_history_info: hostile,
          sip_i_diversion: fc.array(hostile, { maxLength: 100 }).map((all) => `ARRAY::${all.join('|:')}`),
        }),
        (variables) => {
          const request = routingRequest(read(variables), { id: 'b1', pool: 'default' }, []);
          expect(inboundRequest.safeParse(request).error).toBeUndefined();
        },
      ),
      { numRuns: 50 },
    );
  });
});
