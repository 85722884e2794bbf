import { describe, expect, it } from '@jest/globals';
import { isCredentialName, withoutCredentials } from './credential.js';

describe('the name of a credential', () => {
  it.each([
    'authorization',
    'Proxy-Authorization',
    'x-api-key',
    'x-apikey',
    'x-key',
    'X-Access-Key',
    'x-auth-token',
    'identity',
    'cookie',
    'x-customer-pin',
    'x-jwt',
    'x-passcode',
  ])('%s', (name) => expect(isCredentialName(name)).toBe(true));
  it.each([
    'p-asserted-identity',
    'p-preferred-identity',
    'diversion',
    'history-info',
    'x-original-called',
    'x-monkey',
    'x-shipping',
    'keywords',
    'user-agent',
  ])('%s is none', (name) => expect(isCredentialName(name)).toBe(false));
});

describe("a header's value", () => {
  it.each([
    ['<sip:+15551234567:s3cr3t@pbx.example.com>;tag=1', '<sip:+15551234567:***@pbx.example.com>;tag=1'],
    [
      '"Desk" <SIPS:desk:@pbx.example.com>, <sip:200:a:b;c@192.0.2.1:5061>',
      '"Desk" <SIPS:desk:***@pbx.example.com>, <sip:200:***@192.0.2.1:5061>',
    ],
    [
      '<sip:1@192.0.2.1;transport=tcp;token=abc?X-Api-Key=abc&Reason=x>;expires=60',
      '<sip:1@192.0.2.1;transport=tcp;token=***?X-Api-Key=***&Reason=x>;expires=60',
    ],
  ])('%s is shown as %s', (value, shown) => expect(withoutCredentials(value)).toBe(shown));

  it.each([
    '<sip:+15551234567@pbx.example.com:5061;user=phone>;reason=unconditional;counter=2',
    '<sip:192.0.2.1:5060;lr>, <sip:[2001:db8::1]:5060;lr>',
    'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport',
    'tel:+15551234567',
    '<sip:192.0.2.1:5060>, <sip:a@b>',
    '<sip:9228@pbx.example.com?Reason=SIP%3Bcause%3D302>;index=1.1;key=',
    '+15551234567',
    '',
  ])('%s is shown as it is', (value) => expect(withoutCredentials(value)).toBe(value));
});
