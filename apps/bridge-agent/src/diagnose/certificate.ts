import type { CertificateFacts } from '../gateway/carrier-certificate.js';
import { failed, passed, type Finding } from './checks.js';

const MAX_NAME = 100;
/** What the far side wrote is cut and cleaned before it is shown. */
const shown = (name: string): string => name.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_NAME) || 'no name';
const day = (date: Date): string => (Number.isNaN(date.getTime()) ? 'an unknown day' : date.toISOString().slice(0, 10));

const UNVERIFIED =
  ' A bridge that verifies certificates makes no connection; one that does not (the default) goes on without knowing ' +
  'who is there.';

export function certificateFinding(facts: CertificateFacts | undefined, now: Date): Finding {
  if (facts === undefined)
    return failed(
      'certificate-untrusted',
      'The server showed no certificate.',
      'Ask the carrier for a TLS port with a certificate.',
    );
  const { subject, issuer, validFrom, validTo, host, isTrusted } = facts;
  const seen =
    `The certificate is for ${shown(subject)}, issued by ${shown(issuer)}, valid from ${day(validFrom)} to ` +
    `${day(validTo)}.`;
  if (now > validTo || now < validFrom)
    return failed(
      'certificate-expired',
      `${seen} It is not valid now.`,
      `The carrier has to renew its certificate.${UNVERIFIED}`,
    );
  if (facts.provenBy === null)
    return failed(
      'certificate-name-mismatch',
      `${seen} It does not name ${host}.`,
      `Set "gateway" to the name that the carrier documents for TLS.${UNVERIFIED}`,
    );
  if (!isTrusted)
    return failed(
      'certificate-untrusted',
      `${seen} No known certificate authority vouches for it.`,
      `The carrier has to use a certificate of a public authority, or the operator adds its authority.${UNVERIFIED}`,
    );
  return passed(`${seen} It names ${host} and is trusted.`);
}
