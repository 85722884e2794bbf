import { describe, expect, it } from '@jest/globals';
import { headerLines, inboundBody, inputsOf, outboundBody, withoutPassword } from './route-inputs.js';

const NOTHING = { source: '', trunk: '', to: '', uri: '', from: '', gateway: '', headers: '' };

describe('what the URL of a route test carries', () => {
  it('never holds the password of a SIP URI', () => {
    expect(withoutPassword('<sip:1001:secret@192.0.2.1>;reason=x, <sips:a:b:c@pbx.example.com>')).toBe(
      '<sip:1001@192.0.2.1>;reason=x, <sips:a@pbx.example.com>',
    );
    expect(withoutPassword('sip:+15550100200@192.0.2.1:5060')).toBe('sip:+15550100200@192.0.2.1:5060');
    const read = inputsOf({ to_user: '100', headers: [['Diversion', '<sip:1:pw@192.0.2.1>']] }, '');
    expect(read.headers).toBe('Diversion: <sip:1@192.0.2.1>');
  });

  it('takes the headers that name a number, and names any other', () => {
    expect(headerLines('diversion: <sip:1@192.0.2.1>\n\nX-Original-To: +15550100200')).toEqual({
      list: [
        ['Diversion', '<sip:1@192.0.2.1>'],
        ['X-Original-To', '+15550100200'],
      ],
    });
    expect(headerLines('Proxy-Authorization: Digest response="0"')).toEqual({ strange: 'Proxy-Authorization' });
    expect(headerLines('no header')).toEqual({ strange: 'no header' });
  });

  it('becomes a request only when it says enough', () => {
    expect(inboundBody(NOTHING)).toBeUndefined();
    expect(inboundBody({ ...NOTHING, source: '192.0.2.10', to: '+15550100200' })).toEqual({
      source_address: '192.0.2.10',
      to: '+15550100200',
    });
    expect(outboundBody({ from: '+15550100200', to: '', shown: '', trunk: '' })).toBeUndefined();
    expect(outboundBody({ from: '+15550100200', to: '+15559870001', shown: '', trunk: '' })).toEqual({
      direction: 'outbound',
      from_phone_number: '+15550100200',
      to_phone_number: '+15559870001',
    });
  });

  it('has no source address where only the trunk is known', () => {
    const call = { source_address: '192.0.2.255', request_uri_user: '100', from_user: '200', claimed_gateway: null };
    expect(inputsOf(call, 't')).toEqual({ ...NOTHING, trunk: 't', uri: '100', from: '200' });
  });
});
