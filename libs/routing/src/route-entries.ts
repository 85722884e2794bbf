import type { NumberRule } from '@trunkmesh/contracts/number-rule.js';
import type { OutboundFailover, SpecialNumber } from '@trunkmesh/contracts/outbound.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { RouteExplanation } from '@trunkmesh/contracts/routing.js';
import type { Address, Cidr } from './address.js';
import type { Dialect } from './number-format.js';

export interface OrganizationEntry {
  readonly id: string;
  readonly handle: number;
  /** Null until its own event has come; it is taken for active until then. */
  state: RoutedOrganization | null;
  /** Its trunks that exist. */
  readonly trunks: TrunkEntry[];
}

export interface RoutedOrganization {
  readonly status: OrganizationState['status'];
  /** Its own; null: none is named. */
  readonly country: string | null;
  readonly outbound_country_codes: readonly string[] | null;
  readonly outbound_failover: OutboundFailover;
  readonly outbound_special_numbers: readonly SpecialNumber[];
}

export interface TrunkEntry {
  readonly id: string;
  readonly handle: number;
  readonly organization: OrganizationEntry;
  /** Null while only numbers speak of it. */
  state: RoutedTrunk | null;
  claims: AddressClaim[];
  /** Active numbers assigned to it, and the exclusive-or of their rows: with exactly one, that is its row. */
  activeNumbers: number;
  activeRows: number;
}

export interface RoutedTrunk {
  readonly enabled: boolean;
  readonly pool: string;
  readonly priority: number;
  readonly username: string | null;
  readonly authUsername: string | null;
  readonly outboundCountryCodes: readonly string[] | null;
  readonly registers: boolean;
  /** The bridge that registers it; null: none yet, or it does not register. */
  readonly bridgeId: string | null;
  /** Of the trunk's id: the same in every process. */
  readonly idHash: number;
  /** How the carrier wants called numbers, in order. */
  readonly outboundRules: readonly NumberRule[];
  readonly dialect: Dialect;
  readonly dialectHandle: number;
}

/** One network that a trunk's calls may come from (contracts, address.ts). */
export interface AddressClaim {
  readonly trunk: TrunkEntry;
  readonly matchedBy: 'gateway-address' | 'inbound-address' | 'resolved-host';
  readonly cidr: Cidr;
  /** RFC 3339 in UTC, so that texts compare as times. */
  readonly since: string;
  /** Wider than an organisation may claim, and not approved by an operator: gives way to every other claim. */
  readonly yields: boolean;
}

/** `dialect`: how the carrier writes numbers, in the operator's word. */
export interface ListedCarrier {
  readonly dialect: Dialect;
  readonly cidrs: readonly Cidr[];
}

/** A trunk that the call may have come from, by its source address. */
export interface Candidate {
  readonly trunk: TrunkEntry & { readonly state: RoutedTrunk };
  readonly matchedBy: RouteExplanation['candidates'][number]['matched_by'];
}

/**
 * Who counts at a source address (design, "Claims on shared names"). Nothing that an organisation without evidence
 * configures changes who else is admitted:
 * - at an operator-listed carrier's address every organisation that claims it, and only full public numbers decide;
 * - otherwise those with evidence, alone or sharing the address in the same way;
 * - where nobody has any, the oldest claim alone.
 */
export interface Standing {
  /** Undefined: the source is no address, and only what the bridge resolved can be a claim. */
  readonly address: Address | undefined;
  readonly basis: 'listed' | 'evidence' | 'oldest-claim';
  readonly mode: 'sole' | 'shared';
  readonly admitted: ReadonlyMap<OrganizationEntry, readonly Candidate[]>;
  /** All that claim the address, admitted or not. */
  readonly claimants: ReadonlySet<OrganizationEntry>;
  /** All that have evidence for it, whether they claim it or not. */
  readonly evident: ReadonlySet<OrganizationEntry>;
  /** How a number there is read without any organisation's rules. */
  readonly neutral: Dialect;
}
