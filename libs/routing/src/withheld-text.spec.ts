import { describe, expect, it } from '@jest/globals';
import { withoutWithheldCaller } from './withheld-text.js';

const NUMBER = '+15559870001';
const message = (start: string, ...lines: string[]) => [start, ...lines, '', 'v=0', ''].join('\r\n');
const invite = (privacy: string | undefined) =>
  message(
    'INVITE sip:+15551230001@192.0.2.1 SIP/2.0',
    'From: "Ann Example" <sip:5559870001@192.0.2.7>;tag=a1',
    'To: <sip:+15551230001@192.0.2.1>',
    `P-Asserted-Identity: "Ann Example" <sip:${NUMBER}@example.com>, <tel:${NUMBER}>`,
    `Remote-Party-ID: <sip:${NUMBER}@example.com>;privacy=full`,
    'Contact: <sip:ann.example@192.0.2.7:5060>',
    ...(privacy === undefined ? [] : [`Privacy: ${privacy}`]),
  );
const BYE = message(
  'BYE sip:ann.example@192.0.2.7:5060 SIP/2.0',
  'From: <sip:+15551230001@192.0.2.1>;tag=b1',
  'To: "Ann Example" <sip:0015559870001@192.0.2.7>;tag=a1',
);
const dialog = (first: string) => [
  { isReceived: true, text: first },
  { isReceived: false, text: BYE },
];

describe('the messages of a caller who withholds the number', () => {
  it.each(['id', 'user', 'header;critical', 'id, user'])('Privacy: %s hides it in every message', (privacy) => {
    const [first, bye] = withoutWithheldCaller(dialog(invite(privacy)));
    expect(`${first}${bye}`).not.toMatch(/5559870001|ann.example/i);
    expect(first).toContain('From: "***" <sip:***@192.0.2.7>;tag=a1\r\n');
    expect(first).toContain('P-Asserted-Identity: ***\r\nRemote-Party-ID: ***\r\n');
    expect(first).toContain('To: <sip:+15551230001@192.0.2.1>\r\n');
    expect(bye).toMatch(/^BYE sip:\*\*\*@192\.0\.2\.7:5060 SIP\/2\.0\r\n/);
    expect(bye).toContain('\r\n\r\nv=0\r\n');
  });

  it.each([undefined, 'none', 'session', 'history'])('Privacy: %s hides nothing', (privacy) =>
    expect(withoutWithheldCaller(dialog(invite(privacy)))).toEqual([invite(privacy), BYE]),
  );

  it('keeps who calls where only the bridge itself asks for privacy', () =>
    expect(withoutWithheldCaller([{ isReceived: false, text: invite('id') }])).toEqual([invite('id')]));

  it('keeps names that stand for nobody, and changes nothing else', () => {
    const anonymous = invite('id')
      .replace('"Ann Example" <sip:5559870001@192.0.2.7>', '"Anonymous" <sip:anonymous@anonymous.invalid>')
      .replace('ann.example', 'x+($1)');
    const [first] = withoutWithheldCaller([{ isReceived: true, text: anonymous }]);
    expect(first).toContain('From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=a1');
    expect(first).toContain('Contact: <sip:***@192.0.2.7:5060>');
  });
});
