import { nextHopOf, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { parseGatewayAddress, type Target } from './gateway-address.js';
import type { GatewayProblem } from './gateway-status.js';

/** A server's certificate, as far as it is judged here. */
export interface CertificateFacts {
  subject: string;
  issuer: string;
  validFrom: Date;
  validTo: Date;
  /** The name or address that it was asked for. */
  host: string;
  /** What FreeSWITCH has to find in the certificate for `host`: the name or its wildcard; null: it names another. */
  provenBy: string | null;
  /** A certificate authority that the bridge knows vouches for it. */
  isTrusted: boolean;
}

/**
 * The name that the certificate of a trunk's next hop has to prove (RFC 5922 §7): the host that the trunk names. An
 * outbound proxy that is a literal address has no name of its own; it stands for the gateway.
 */
export function nameToProve(trunk: Pick<TrunkState, 'gateway' | 'outbound_proxy'>): string | undefined {
  const [hop, gateway] = [parseGatewayAddress(nextHopOf(trunk)), parseGatewayAddress(trunk.gateway)];
  return hop?.address === null ? hop.host : gateway?.host;
}

/** Where a trunk's requests go, and the name that has to be proven there. */
export interface CertificatePlace {
  address: string;
  port: number;
  name: string;
}

/** Of a SIP server over TLS (RFC 3261 §19.1.2). */
const SIPS_PORT = 5061;

/** Where the trunk's requests go, and the name that has to be proven there. `hop`: undefined for a literal address. */
export function certificatePlaceOf(
  trunk: Pick<TrunkState, 'gateway' | 'outbound_proxy'>,
  hop: Target | undefined,
): CertificatePlace | undefined {
  const [next, name] = [parseGatewayAddress(nextHopOf(trunk)), nameToProve(trunk)];
  const address = hop?.address ?? next?.address;
  if (next === undefined || name === undefined || address == null) return undefined;
  return { address, port: hop?.port ?? next.port ?? SIPS_PORT, name };
}

/**
 * The text that FreeSWITCH has to find. It compares names as a whole (sofia-sip, `tport_subject_search`): it knows no
 * wildcards, and it does not find addresses in a certificate. So where `*.example.com` vouches for `sip.example.com`
 * FreeSWITCH looks for `*.example.com` itself. RFC 6125 §6.4.3: a wildcard stands for one label. The common name
 * counts only where there are no other names (§6.4.4).
 */
export function provenBy(host: string, { names, commonName }: { names: readonly string[]; commonName: string }) {
  const wanted = host.toLowerCase();
  const [, ...rest] = wanted.split('.');
  const isAddress = /^[\d.]+$|:/.test(wanted);
  const wildcard = isAddress || rest.length < 2 ? undefined : `*.${rest.join('.')}`;
  const known = (names.length > 0 ? names : [commonName]).map((name) => name.toLowerCase());
  return [wanted, wildcard].find((name) => name !== undefined && known.includes(name)) ?? null;
}

/** Why a bridge that verifies certificates does not use this one; null: it does. */
export function refusalOf({ host, validFrom, validTo, ...facts }: CertificateFacts, now: Date): GatewayProblem | null {
  if (now > validTo || now < validFrom)
    return {
      code: 'certificate-expired',
      message:
        'The certificate of the carrier is not valid now, so nothing is sent there. The carrier has to renew it.',
    };
  if (facts.provenBy === null)
    return {
      code: 'certificate-name-mismatch',
      message:
        `The certificate of the carrier does not name ${host}, so nothing is sent there. Set "gateway" to the name ` +
        'that the carrier documents for TLS; if the carrier must be reached at a fixed address, set "outbound_proxy" ' +
        'to that address.',
    };
  if (!facts.isTrusted)
    return {
      code: 'certificate-untrusted',
      message:
        'No authority that this bridge knows vouches for the certificate of the carrier, so nothing is sent there. ' +
        'The carrier has to use a certificate of a public authority, or the operator adds its authority.',
    };
  return null;
}

export const NO_CERTIFICATE: GatewayProblem = {
  code: 'certificate-untrusted',
  message: 'The carrier shows no certificate, so nothing is sent there. Ask it for a TLS port with a certificate.',
};

/** What stands in {@link GatewayProblem} codes for a certificate that was refused. */
export const isCertificateProblem = ({ code }: GatewayProblem): boolean => code.startsWith('certificate-');
