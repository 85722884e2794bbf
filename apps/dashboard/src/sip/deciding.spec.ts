import { describe, expect, it } from '@jest/globals';
import { isDecidingHeader, linesOf } from './deciding.js';

const HEADERS = [
  'Diversion',
  'History-Info',
  'X-Original-Called',
  'X-Original-Number',
  'X-Forwarded-To',
  'X-Original-To',
  'P-Called-Party-ID',
  'To',
];
const INVITE = [
  'INVITE sip:+15550100200@192.0.2.1 SIP/2.0',
  ...HEADERS.map((name) => `${name}: <sip:+15550100200@192.0.2.1>`),
  '',
  'To: no header',
].join('\r\n');
const markedIn = (text: string, decidedBy: string | null) =>
  linesOf(text, decidedBy)
    .filter(({ isDeciding }) => isDeciding)
    .map((line) => line.text);

describe('what decided a call', () => {
  it.each(HEADERS)('is marked where it is the header %s, and nothing else is', (name) =>
    expect(markedIn(INVITE, name)).toEqual([`${name}: <sip:+15550100200@192.0.2.1>`]),
  );

  it('is the first line where it is the Request-URI', () =>
    expect(markedIn(INVITE, 'Request-URI')).toEqual(['INVITE sip:+15550100200@192.0.2.1 SIP/2.0']));

  it.each([
    [
      'in any case and with spaces',
      'INVITE x\r\ndiversion : <sip:1@x>\r\nTo: y',
      'Diversion',
      ['diversion : <sip:1@x>'],
    ],
    ['in its compact form', 'INVITE x\nt: <sip:1@x>\nf: y', 'To', ['t: <sip:1@x>']],
    ['in lines that go on', 'INVITE x\nDiversion: a,\n  b\nTo: y', 'Diversion', ['Diversion: a,', '  b']],
    ['in no other message', 'BYE sip:1@x SIP/2.0\nTo: y', 'To', []],
    ['in no answer', 'SIP/2.0 200 OK\nTo: y', 'To', []],
    ['nowhere, where nothing decided', INVITE, null, []],
  ])('is found %s', (_how, text, decidedBy, marked) => expect(markedIn(text, decidedBy)).toEqual(marked));

  it('is marked among the captured headers too', () => {
    expect(isDecidingHeader('diversion', 'Diversion')).toBe(true);
    expect(isDecidingHeader('t', 'To')).toBe(true);
    expect(isDecidingHeader('To', 'Diversion')).toBe(false);
    expect(isDecidingHeader('To', null)).toBe(false);
  });
});
