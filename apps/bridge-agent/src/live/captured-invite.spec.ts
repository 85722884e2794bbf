import { describe, expect, it } from '@jest/globals';
import { capturedInvite } from '@trunkmesh/contracts/call-parts.js';
import fc from 'fast-check';
import { captureInvite } from './captured-invite.js';
import { recordedEvents, recordedExchanges } from '../esl/recorded-channel.fixture.js';
import { decodeValues } from '../esl/esl-frame.js';

const of = (variables: Record<string, string>) =>
  captureInvite(new Map(Object.entries(variables).map(([name, value]) => [`variable_${name}`, value])));

describe('what is kept of an INVITE', () => {
  it('is every header of a recorded one, in order, several lines of one header each', async () => {
    const [exchange] = await recordedExchanges('inbound-call-outbound-socket.esl.txt');
    const lines = exchange!.frames[0]!.event ?? exchange!.frames[0]!.headers;
    const invite = captureInvite(decodeValues(new Map(lines)));
    expect(capturedInvite.parse(invite)).toEqual(invite);
    expect(invite.headers.map(([name]) => name)).toEqual(
      expect.arrayContaining(['from', 'to', 'call-id', 'via', 'diversion']),
    );
    expect(invite.headers.filter(([name]) => name === 'diversion').length).toBeGreaterThan(1);
    expect(invite).toMatchObject({ request_uri: 'sip:9228@127.0.0.1:5080', request_uri_user: '9228', offer: ['PCMU'] });
    expect(await recordedEvents('inbound-call-outbound-socket.esl.txt', 'CHANNEL_ANSWER')).not.toEqual([]);
  });

  it('is never a credential', () => {
    const invite = of({
      sip_i_authorization: 'Digest response="abc"',
      sip_i_proxy_authorization: 'Digest response="abc"',
      sip_i_x_api_key: 'abc',
      sip_i_x_auth_token: 'abc',
      sip_i_x_ok: 'fine',
    });
    expect(invite.headers).toEqual([
      ['x-api-key', '(not kept)'],
      ['x-auth-token', '(not kept)'],
      ['x-ok', 'fine'],
    ]);
  });

  it('is no password of a URI, no key by another name, and no signed token', () => {
    const invite = of({
      sip_req_uri: '9228:s3cr3t@192.0.2.1',
      sip_i_contact: '<sip:pbx:s3cr3t@192.0.2.9;token=abc>',
      sip_i_diversion: 'ARRAY::<sip:1:s3cr3t@a>|:<sip:2@b>',
      sip_i_x_access_key: 'abc',
      sip_i_identity: 'eyJ.abc.def',
      sip_i_p_asserted_identity: '<tel:+15551234567>',
    });
    expect(invite).toMatchObject({ request_uri: 'sip:9228:***@192.0.2.1', offer: null });
    expect(invite.headers).toEqual([
      ['contact', '<sip:pbx:***@192.0.2.9;token=***>'],
      ['diversion', '<sip:1:***@a>'],
      ['diversion', '<sip:2@b>'],
      ['x-access-key', '(not kept)'],
      ['identity', '(not kept)'],
      ['p-asserted-identity', '<tel:+15551234567>'],
    ]);
  });

  it('is what the profile gives where it does not parse all', () => {
    expect(of({ 'sip_h_X-Original-Called': '+15551234567' }).headers).toEqual([['x-original-called', '+15551234567']]);
  });

  it('is bounded, and says so', () => {
    const many = of(Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`sip_i_x_${n}`, 'v'.repeat(2_000)])));
    expect(many.truncated).toBe(true);
    expect(JSON.stringify(many).length).toBeLessThan(20_000);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ maxLength: 3_000 }), { maxKeys: 100 }), (variables) => {
        const invite = of(
          Object.fromEntries(Object.entries(variables).map(([name, value]) => [`sip_i_${name}`, value])),
        );
        expect(capturedInvite.safeParse(invite).success).toBe(true);
        expect(invite.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0)).toBeLessThanOrEqual(
          8_192,
        );
      }),
    );
  });
});
