import type { FieldProblem } from '@trunkmesh/contracts/problem.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { parseCidr } from '@trunkmesh/routing/address.js';
import { isWide } from '@trunkmesh/routing/claims.js';
import type { AddressPolicy } from '../network/address-policy.js';
import { readGateway, serviceNameProblem } from '../network/gateway.js';
import { readInboundAddress } from '../network/inbound-address.js';

/** `operator`: the request is the operator's, who may claim for an organisation what it may not claim by itself. */
export interface ClaimPolicy extends AddressPolicy {
  operator?: boolean;
}

type Addresses = Pick<TrunkState, 'gateway' | 'outbound_proxy' | 'inbound_addresses'>;

/** The hosts of a trunk that requests are sent to, or may be. */
const HOSTS = ['gateway', 'outbound_proxy'] as const;

/**
 * Addresses that are well written, and that this caller may not claim, or nobody may use (the name of an SRV record).
 * What the trunk has already may stay, so that a client can send back what it read.
 * `written`: as it came, whatever else is wrong with it.
 */
export function claimProblems(
  written: Readonly<Record<string, unknown>>,
  existing: Addresses | null,
  policy: ClaimPolicy,
): FieldProblem[] {
  const { inbound_addresses } = written;
  const misnamed = HOSTS.flatMap((field) =>
    problem(`/${field}`, written[field], (text) => serviceNameProblem(text, existing?.[field] ?? null)),
  );
  if (policy.operator === true) return misnamed;
  const list: unknown[] = Array.isArray(inbound_addresses) ? inbound_addresses.slice(0, MAX_NETWORKS) : [];
  return [
    ...misnamed,
    ...HOSTS.flatMap((field) =>
      problem(`/${field}`, written[field], (text) => hostProblem(text, existing?.[field] ?? null, policy)),
    ),
    ...list.flatMap((each, index) =>
      problem(`/inbound_addresses/${index}`, each, (text) => inboundProblem(text, existing, policy)),
    ),
  ];
}

/** As many as a trunk can have; beyond that the request is refused for their number. */
const MAX_NETWORKS = 64;

function problem(pointer: string, value: unknown, of: (text: string) => string | undefined): FieldProblem[] {
  const message = typeof value === 'string' && value.length <= 260 ? of(value.trim()) : undefined;
  return message === undefined ? [] : [{ pointer, message }];
}

function hostProblem(text: string, existing: string | null, { allowPrivate }: AddressPolicy): string | undefined {
  const reading = readGateway(text);
  if (!reading.ok || reading.gateway.reach !== 'private' || allowPrivate) return undefined;
  const before = existing === null ? undefined : readGateway(existing);
  if (before?.ok === true && before.gateway.host === reading.gateway.host) return undefined;
  return (
    `is ${reading.gateway.what}: no carrier can have it. Use the carrier's public address or name; an ` +
    `address within the operator's network is set by the operator`
  );
}

function inboundProblem(text: string, existing: Addresses | null, { allowPrivate }: AddressPolicy): string | undefined {
  const reading = readInboundAddress(text);
  if (!reading.ok || existing?.inbound_addresses.includes(reading.text) === true) return undefined;
  if (reading.reach !== 'public' && !allowPrivate) {
    return (
      'is not reachable from outside, or holds such addresses: calls could never arrive. Use public ' +
      'addresses; others are set by the operator'
    );
  }
  const cidr = parseCidr(reading.text);
  if (cidr === undefined || !isWide(cidr)) return undefined;
  return (
    'is wider than an organisation may claim by itself (at most /24 for IPv4, /48 for IPv6): list the ' +
    "carrier's own smaller networks, or ask the operator to add it"
  );
}
