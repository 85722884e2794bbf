import { expect, it } from '@jest/globals';
import type { CertificateFacts } from '../gateway/carrier-certificate.js';
import { certificateFinding } from './certificate.js';

const GOOD: CertificateFacts = {
  subject: 'sip.example.com',
  issuer: 'Example CA',
  validFrom: new Date('2026-01-01'),
  validTo: new Date('2026-12-31'),
  host: 'sip.example.com',
  provenBy: 'sip.example.com',
  isTrusted: true,
};
const NOW = new Date('2026-06-01');

it.each<[string, Partial<CertificateFacts>, string | null]>([
  ['that is right', {}, null],
  ['that has expired', { validTo: new Date('2026-05-31') }, 'certificate-expired'],
  ['that is not valid yet', { validFrom: new Date('2026-06-02') }, 'certificate-expired'],
  ['of another name', { provenBy: null }, 'certificate-name-mismatch'],
  ['of nobody that is known', { isTrusted: false }, 'certificate-untrusted'],
])('a certificate %s', (_what, over, cause) => {
  const finding = certificateFinding({ ...GOOD, ...over }, NOW);
  expect(finding.cause).toBe(cause);
  expect(finding.seen).toContain('valid from 2026-');
});

it('is shown without what could break a line, and no certificate is a fault', () => {
  expect(certificateFinding({ ...GOOD, subject: 'a\nb\u202e' }, NOW).seen).toContain('for a?b?,');
  expect(certificateFinding(undefined, NOW).result).toBe('fail');
});
