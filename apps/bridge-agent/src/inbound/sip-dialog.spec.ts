import { describe, expect, it } from '@jest/globals';
import { dialogOf, isTag, knowsDialog, probeOf } from './sip-dialog.js';

const channel = (more: Record<string, string> = {}) =>
  new Map(
    Object.entries({
      variable_sip_call_id: '1-2@192.0.2.1',
      variable_sip_from_tag: 'abc',
      variable_sofia_profile_url: 'sip:mod_sofia@192.0.2.2:5060',
      variable_sip_full_via: 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
      ...more,
    }),
  );

describe('the dialog of a call', () => {
  it('is named by the INVITE', () => {
    expect(dialogOf(channel())).toEqual({ callId: '1-2@192.0.2.1', fromTag: 'abc', host: '192.0.2.2', port: 5060 });
    expect(dialogOf(channel({ variable_sofia_profile_url: 'sip:mod_sofia@[2001:db8::1]:5080' }))).toMatchObject({
      host: '2001:db8::1',
      port: 5080,
    });
  });

  it.each<[string, Record<string, string>]>([
    [
      'an answer that goes elsewhere than to the source',
      { variable_sip_full_via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;MADDR=203.0.113.9' },
    ],
    [
      'the same, from the other variable',
      { variable_sip_i_via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;maddr=203.0.113.9' },
    ],
    ['no Via', { variable_sip_full_via: '' }],
    ['a Call-ID that would break the line', { variable_sip_call_id: 'a\r\nVia: x' }],
    ['a tag that would break the line', { variable_sip_from_tag: 'a\r\nb' }],
    ['no tag', { variable_sip_from_tag: '' }],
    ['no address of FreeSWITCH', { variable_sofia_profile_url: '' }],
  ])('is none with %s', (_what, more) => {
    expect(dialogOf(channel(more))).toBeUndefined();
  });

  it('is asked for below every CSeq', () => {
    expect(
      probeOf(dialogOf(channel())!, 'ours', { host: '192.0.2.2', port: 40_000, branch: 'x1' }).split('\r\n'),
    ).toEqual([
      'OPTIONS sip:192.0.2.2:5060 SIP/2.0',
      'Via: SIP/2.0/UDP 192.0.2.2:40000;branch=z9hG4bKx1;rport',
      'Max-Forwards: 1',
      'From: <sip:verification@192.0.2.2>;tag=abc',
      'To: <sip:verification@192.0.2.2>;tag=ours',
      'Call-ID: 1-2@192.0.2.1',
      'CSeq: 0 OPTIONS',
      'Content-Length: 0',
      '',
      '',
    ]);
  });

  it.each([
    ['SIP/2.0 481 Call Does Not Exist', false],
    ['SIP/2.0 500 Internal Server Error', true],
    ['SIP/2.0 200 OK', true],
    ['SIP/2.0 100 Trying', undefined],
    ['', undefined],
  ])('%j says %j', (response, known) => {
    expect(knowsDialog(response)).toBe(known);
  });
  it.each([
    ['abc-1.2~', true],
    ['', false],
    [undefined, false],
    ['a b', false],
    ['a\r\n', false],
    ['x'.repeat(129), false],
  ])('%j is a tag: %j', (tag, is) => {
    expect(isTag(tag)).toBe(is);
  });
});
