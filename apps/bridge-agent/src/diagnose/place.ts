import type { TrunkSettings } from '@trunkmesh/contracts/trunk.js';
import { uriHost, type GatewayAddress, type Target } from '../gateway/gateway-address.js';
import { failed, open, passed, type Finding } from './checks.js';

export type Transport = TrunkSettings['transport'];

/** Where to connect: an address that was checked. A name is never resolved again after that. */
export interface WireTarget {
  transport: Transport;
  address: string;
  port: number;
}

/** `refused`: nothing listens. `silent`: nothing came back. `not-tls`: something answered that speaks no TLS. */
export type WireFailure = 'refused' | 'silent' | 'not-tls' | 'tls-failed' | 'unreachable';

export const DEFAULT_PORTS = { udp: 5060, tcp: 5060, tls: 5061 } as const satisfies Record<Transport, number>;

/** What a name server said of the trunk's next hop. */
export interface Resolution {
  gateway: GatewayAddress;
  transport: Transport;
  targets: readonly Target[];
  /** One of the addresses is one that no carrier can have. */
  isForbidden: boolean;
  /** A query that failed; null: none. */
  failure: string | null;
  isService: boolean;
}

const MAX_SHOWN = 4;

export const portOf = ({ gateway, transport }: Pick<Resolution, 'gateway' | 'transport'>, port: number | null) =>
  port ?? gateway.port ?? DEFAULT_PORTS[transport];

export function placeText(address: string, port: number, transport: Transport): string {
  return `${uriHost({ host: address, port, address })} (${transport.toUpperCase()})`;
}

/** Where the name leads, and whether it may be connected to. */
export function dnsFinding(resolution: Resolution): Finding {
  const { gateway, targets, isForbidden, failure, isService } = resolution;
  const { host } = gateway;
  if (isForbidden)
    return failed(
      'address-not-allowed',
      gateway.address === null
        ? `${host} leads to an address that is private or reserved. Nothing was sent there.`
        : `${host} is private or reserved. Nothing was sent there.`,
      "Use the carrier's public name or address. An address within the operator's network is set by the operator.",
    );
  if (gateway.address !== null) return passed(`${host} is an address; no name has to be looked up.`);
  if (targets.length > 0) {
    const places = targets.slice(0, MAX_SHOWN).map(({ address, port }) => placeOf(resolution, address, port));
    const more = targets.length > MAX_SHOWN ? ` and ${targets.length - MAX_SHOWN} more` : '';
    return passed(`${host} leads to ${places.join(', ')}${more}${isService ? ' by its SRV records' : ''}.`);
  }
  if (failure !== null)
    return open(
      'dns-failed',
      `The name servers of the bridge did not answer for ${host}.`,
      'Test again in a minute. If this persists, check the name servers of the domain, or give the address itself.',
    );
  return failed(
    'host-not-resolved',
    `${host} does not resolve: it has no SRV, A or AAAA record.`,
    "Check the spelling of the gateway's host name.",
  );
}

const placeOf = (resolution: Resolution, address: string, port: number | null): string =>
  uriHost({ host: address, port: portOf(resolution, port), address });

/** Why no connection was made, by what to change. */
export function transportFailure(failure: WireFailure, { transport, address, port }: WireTarget): Finding {
  const place = placeText(address, port, transport);
  switch (failure) {
    case 'refused':
      return failed(
        'nothing-listens',
        `Nothing listens at ${place}: the connection was refused.`,
        'Check the port and the "transport" of the trunk. Usual are 5060 for UDP and TCP, and 5061 for TLS.',
      );
    case 'silent':
      return failed(
        'no-answer',
        `Nothing answered at ${place} within some seconds.`,
        'Check the address, the port and the "transport". Ask whether a firewall of the carrier blocks the bridge.',
      );
    case 'not-tls':
      return failed(
        'tls-not-spoken',
        `Something answers at ${place}, but it does not speak TLS.`,
        'Set "transport" to "tcp" or "udp", or use the port that the carrier names for TLS, usually 5061.',
      );
    case 'tls-failed':
      return failed(
        'tls-failed',
        `The connection to ${place} was made, but the TLS handshake failed.`,
        'Ask the carrier which TLS versions and client certificates it requires, and whether the port is its TLS port.',
      );
    case 'unreachable':
      return failed(
        'no-answer',
        `${place} cannot be reached from the bridge: it has no route to it.`,
        'Check the address. An IPv6 address needs a bridge that has IPv6.',
      );
  }
}

export interface Heard {
  /** Some SIP answer came back, to whatever request. */
  answered: boolean;
  /** The host said that nothing listens there. */
  lost: boolean;
}

/** UDP has no handshake: what became of the requests tells whether somebody is there. */
export function datagramFinding({ answered, lost }: Heard, { address, port, transport }: WireTarget): Finding {
  const place = placeText(address, port, transport);
  if (answered) return passed(`SIP is answered at ${place}.`);
  if (lost) return transportFailure('refused', { address, port, transport });
  return open(
    'no-answer',
    `Requests were sent to ${place}, and nothing came back.`,
    'Check the address, the port and the "transport", and that the carrier accepts requests from the bridge.',
  );
}

export const connectedFinding = ({ address, port, transport }: WireTarget): Finding =>
  passed(
    transport === 'tls'
      ? `A TLS connection to ${placeText(address, port, transport)} was made.`
      : `A connection to ${placeText(address, port, transport)} was made.`,
  );

/** Any SIP answer, whatever its status, proves that SIP is spoken there. */
export function optionsFinding(status: number | undefined): Finding {
  return status === undefined
    ? open('no-answer', 'OPTIONS was not answered. Many carriers ignore it.', null)
    : passed(`OPTIONS was answered with status ${status}: SIP is spoken there.`);
}
