import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { CertificateFacts } from './certificate.js';

/** What the server showed in the handshake; undefined: no certificate. */
export function certificateOf(socket: TLSSocket, host: string): CertificateFacts | undefined {
  const certificate = socket.getPeerCertificate();
  if (certificate.raw === undefined) return undefined;
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    validFrom: new Date(certificate.valid_from),
    validTo: new Date(certificate.valid_to),
    host,
    matchesHost: checkServerIdentity(host, certificate) === undefined,
    isTrusted: socket.authorized || ABOUT_THE_NAME.has(String(socket.authorizationError)),
  };
}

/** The chain was found to be good, and the name or the dates are judged on their own. */
const ABOUT_THE_NAME = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

function nameOf(names: PeerCertificate['subject'] | undefined): string {
  const name: string | string[] = names?.CN ?? names?.O ?? '';
  return Array.isArray(name) ? (name[0] ?? '') : name;
}
