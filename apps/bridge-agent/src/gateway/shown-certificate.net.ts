import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { provenBy, type CertificateFacts } from './carrier-certificate.js';

/** What the server showed in the handshake; undefined: no certificate. */
export function certificateOf(socket: TLSSocket, host: string): CertificateFacts | undefined {
  const certificate = socket.getPeerCertificate();
  if (certificate.raw === undefined) return undefined;
  const commonName = first(certificate.subject?.CN);
  return {
    subject: commonName || first(certificate.subject?.O),
    issuer: first(certificate.issuer?.CN) || first(certificate.issuer?.O),
    validFrom: new Date(certificate.valid_from),
    validTo: new Date(certificate.valid_to),
    host,
    provenBy: provenBy(host, { names: namesIn(certificate), commonName }),
    isTrusted: socket.authorized || ABOUT_THE_NAME.has(String(socket.authorizationError)),
  };
}

/** The chain was found to be good, and the name or the dates are judged on their own. */
const ABOUT_THE_NAME = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

const first = (names: string | string[] | undefined): string => (Array.isArray(names) ? names[0] : names) ?? '';

/** `DNS:a.example.com, IP Address:192.0.2.1`; what is quoted there is no host name. */
const namesIn = ({ subjectaltname = '' }: PeerCertificate): string[] =>
  subjectaltname.split(', ').flatMap((name) => /^DNS:([\w.*-]+)$/.exec(name)?.[1] ?? []);

/**
 * A handshake, without a word of SIP. Like FreeSWITCH it names no server (SNI), so that it is shown what FreeSWITCH
 * will be shown. Undefined: no handshake came about.
 */
export function showCertificate(
  { address, port, name, ca }: { address: string; port: number; name: string; ca: string | undefined },
  timeoutMs: number,
): Promise<{ facts: CertificateFacts | undefined } | undefined> {
  const authorities = ca === undefined ? {} : { ca };
  const socket = connect({ host: address, port, servername: '', rejectUnauthorized: false, ...authorities });
  return new Promise((resolve) => {
    const settle = (shown: { facts: CertificateFacts | undefined } | undefined) => {
      clearTimeout(timer);
      resolve(shown);
      socket.destroy();
    };
    const timer = setTimeout(() => settle(undefined), timeoutMs);
    socket.once('secureConnect', () => settle({ facts: certificateOf(socket, name) }));
    socket.on('error', () => settle(undefined));
    socket.once('close', () => settle(undefined));
  });
}
