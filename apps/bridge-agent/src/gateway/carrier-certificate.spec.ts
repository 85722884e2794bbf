import { describe, expect, it } from '@jest/globals';
import { nameToProve, provenBy, refusalOf, type CertificateFacts } from './carrier-certificate.js';

describe('the name that a certificate has to prove', () => {
  it.each([
    ['sip.example.com:5061', null, 'sip.example.com'],
    ['sip.example.com', 'Proxy.example.net:5061', 'proxy.example.net'],
    ['sip.example.com', '192.0.2.7:5061', 'sip.example.com'],
    ['192.0.2.7', null, '192.0.2.7'],
  ])('of %s with the proxy %s is %s', (gateway, outbound_proxy, name) => {
    expect(nameToProve({ gateway, outbound_proxy })).toBe(name);
  });
});

describe('what FreeSWITCH has to find in a certificate', () => {
  it.each<[string, string, string[], string, string | null]>([
    ['the name', 'sip.example.com', ['other.example.com', 'SIP.example.com'], '', 'sip.example.com'],
    ['its wildcard', 'sip.example.com', ['*.example.com'], 'sip.example.com', '*.example.com'],
    ['no wildcard of two labels', 'a.sip.example.com', ['*.example.com'], '', null],
    ['no wildcard of a top-level domain', 'example.com', ['*.com'], '', null],
    ['not the domain alone', 'sip.example.com', ['example.com'], '', null],
    ['the common name where there is no other', 'sip.example.com', [], 'sip.example.com', 'sip.example.com'],
    ['not the common name beside others', 'sip.example.com', ['a.example.com'], 'sip.example.com', null],
    ['no wildcard for an address', '192.0.2.7', ['*.0.2.7'], '', null],
    ['an address as the common name', '192.0.2.7', [], '192.0.2.7', '192.0.2.7'],
  ])('%s', (_what, host, names, commonName, subject) => {
    expect(provenBy(host, { names, commonName })).toBe(subject);
  });
});

const GOOD: CertificateFacts = {
  ...{ subject: 'Example', issuer: 'Example CA', host: 'sip.example.com', provenBy: '*.example.com', isTrusted: true },
  ...{ validFrom: new Date('2026-01-01'), validTo: new Date('2026-12-31') },
};

it.each<[string, Partial<CertificateFacts>, string | undefined]>([
  ['that is right', {}, undefined],
  ['that has expired', { validTo: new Date('2026-05-31') }, 'certificate-expired'],
  ['of another name', { provenBy: null }, 'certificate-name-mismatch'],
  ['of nobody that is known', { isTrusted: false }, 'certificate-untrusted'],
])('a certificate %s', (_what, over, code) => {
  expect(refusalOf({ ...GOOD, ...over }, new Date('2026-06-01'))?.code).toBe(code);
});
