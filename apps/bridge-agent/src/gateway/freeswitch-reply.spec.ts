import { describe, expect, it } from '@jest/globals';
import type { EslEvent } from '../esl/esl-event.js';
import { gatewayStateOf, judgeReloadAcl, judgeRescan, parseGatewayList, refusedAddressOf } from './freeswitch-reply.js';

describe('a rescan', () => {
  it.each([
    ['Reload XML [Success]\n+OK scan complete\n\n', { ok: true }],
    [
      'Reload XML [[error near line 59]: missing >]\n+OK scan complete\n\n',
      { ok: false, why: '[error near line 59]: missing >', unreadable: true },
    ],
    [
      'Reload XML [Success]\n-ERR cannot find config for profile external\n',
      { ok: false, why: '-ERR cannot find config for profile external', unreadable: false },
    ],
    ['Invalid Profile [nosuch]', { ok: false, why: 'Invalid Profile [nosuch]', unreadable: false }],
    ['-ERR sofia Command not found!\n', { ok: false, why: '-ERR sofia Command not found!', unreadable: false }],
    ['', { ok: false, why: 'an empty answer', unreadable: false }],
  ])('that answers %j', (reply, result) => {
    expect(judgeRescan(reply)).toEqual(result);
  });
});

it.each([
  ['+OK acl reloaded\n', { ok: true }],
  ['This option is deprecated, we now always reloadxml.\n+OK acl reloaded\n', { ok: true }],
  ['-ERR [[error near line 3]: unexpected closing tag </b>]\n', { ok: false, unreadable: true }],
  ['-ERR reloadacl Command not found!\n', { ok: false, unreadable: false }],
])('reloadacl that answers %j: %j', (reply, result) => {
  expect(judgeReloadAcl(reply)).toMatchObject(result);
});

describe('the list of gateways', () => {
  const gateway = (name: string, state: string, status: string, profile = 'external', realm = 'r') =>
    `  <gateway>\n    <name>${name}</name>\n    <profile>${profile}</profile>\n    <realm>${realm}</realm>\n    ` +
    `<state>${state}</state>\n    <status>${status}</status>\n  </gateway>\n`;
  const list = (...gateways: string[]) =>
    `<?xml version="1.0" encoding="ISO-8859-1"?>\n<gateways>\n${gateways.join('')}</gateways>\n`;

  it('holds name, state and whether it is up, of our profile', () => {
    expect(
      parseGatewayList(
        list(
          gateway('a.1', 'REGED', 'UP'),
          gateway('b.1', 'FAIL_WAIT', 'DOWN'),
          gateway('c', 'NOREG', 'UP', 'internal'),
        ),
        'external',
      ),
    ).toEqual([
      { name: 'a.1', state: 'REGED', up: true },
      { name: 'b.1', state: 'FAIL_WAIT', up: false },
    ]);
  });

  it('cannot be forged by a realm, which FreeSWITCH does not escape', () => {
    const forged = 'x</realm><name>victim.1</name><state>DOWN</state><status>DOWN</status>';
    expect(parseGatewayList(list(gateway('a.1', 'REGED', 'UP', 'external', forged)), 'external')).toEqual([
      { name: 'a.1', state: 'REGED', up: true },
    ]);
  });

  it('may be empty', () => {
    expect(parseGatewayList(list(), 'external')).toEqual([]);
  });
  it.each(['', '-ERR', 'Invalid Gateway!', '<gateways>\n'])('is not %j', (reply) => {
    expect(parseGatewayList(reply, 'external')).toBeUndefined();
  });
});

describe("a gateway's state", () => {
  const event = (headers: Record<string, string>): EslEvent => ({
    name: 'CUSTOM',
    subclass: 'sofia::gateway_state',
    headers: new Map(Object.entries(headers)),
    body: '',
  });
  it.each([
    [
      { Gateway: 'a.1', State: 'REGISTER', 'Ping-Status': 'DOWN', Phrase: 'OK', Status: '200' },
      { state: 'REGISTER', up: false, sipStatus: 200, sipPhrase: 'OK' },
    ],
    [
      {
        Gateway: 'a.1',
        State: 'FAILED',
        'Ping-Status': 'DOWN',
        Phrase: 'Operation has no matching challenge ',
        Status: '904',
      },
      { state: 'FAILED', up: false, sipStatus: 904, sipPhrase: 'Operation has no matching challenge' },
    ],
    [
      { Gateway: 'a.1', State: 'FAIL_WAIT', 'Ping-Status': 'DOWN' },
      { state: 'FAIL_WAIT', up: false, sipStatus: null, sipPhrase: null },
    ],
    [
      { Gateway: 'a.1', State: 'TRYING', 'Ping-Status': 'DOWN', Phrase: 'Request Authorized by Cache', Status: '100' },
      { state: 'TRYING', up: false, sipStatus: null, sipPhrase: 'Request Authorized by Cache' },
    ],
    [
      { Gateway: 'a.1', State: 'REGED', 'Ping-Status': 'UP' },
      { state: 'REGED', up: true, sipStatus: null, sipPhrase: null },
    ],
  ])('%j', (headers, seen) => {
    expect(gatewayStateOf(event(headers))).toEqual({ name: 'a.1', ...seen });
  });
  it.each<Record<string, string>>([{ Gateway: 'a.1', State: 'UNHEARD' }, { State: 'REGED' }])(
    '%j is none',
    (headers) => {
      expect(gatewayStateOf(event(headers))).toBeUndefined();
    },
  );
});

it.each([
  ['2026-11-23 03:00:34.065446 95.97% [WARNING] sofia.c:10679 IP 192.0.2.9 Rejected by acl "trunks"\n', '192.0.2.9'],
  ['IP 2001:db8::1 Rejected by acl "trunks"', '2001:db8::1'],
  ['IP 192.0.2.9 Rejected by acl "lan"', undefined],
  ['IP 192.0.2.9 Rejected by register acl "trunks"', undefined],
  ['IP evil"; Rejected by acl "trunks"', undefined],
])('%j was refused: %s', (line, address) => {
  expect(refusedAddressOf(line)).toBe(address);
});
