import type {
  GatewayReach,
  LeftOutTrunk,
  OutboundRefusal,
  OutboundRequest,
  PlannedAttempt,
} from '@trunkmesh/contracts/outbound.js';
import type { Destination } from './destination.js';
import type { GatewayStates } from './gateway-states.js';
import { carrierSpelling, formatE164 } from './number-format.js';
import { hashOf } from './text-hash.js';
import type { OrganizationEntry, RoutedTrunk, TrunkEntry } from './route-entries.js';
import type { RouteIndex } from './route-index.js';

/** More carriers than anybody fails over to; each attempt may last as long as its ring timeout. */
const MAX_ATTEMPTS = 8;
const MAX_LEFT_OUT = 32;

export const HOW_TO_ALLOW = 'Add the country to outbound_country_codes to allow it.';
export const nameOf = (country: string | null): string => country ?? 'numbers of no country';

type LiveTrunk = TrunkEntry & { readonly state: RoutedTrunk };

export interface TrunkChoice {
  index: RouteIndex;
  gateways: GatewayStates;
  request: OutboundRequest;
  organization: OrganizationEntry;
  /** Handle of the number's own trunk. */
  own: number;
}
export interface ChosenTrunks {
  attempts: PlannedAttempt[];
  leftOut: LeftOutTrunk[];
  /** Why there is no attempt. */
  refusal?: { reason: OutboundRefusal; detail: string };
}

/** The organisation's trunks that may call this destination, in the order in which they are tried. */
export function chooseTrunks(choice: TrunkChoice, destination: Destination): ChosenTrunks {
  const leftOut: LeftOutTrunk[] = [];
  const leave = ({ id }: TrunkEntry, reason: LeftOutTrunk['reason']): void => {
    if (leftOut.length < MAX_LEFT_OUT) leftOut.push({ trunk_id: id, reason });
  };
  const candidates = choice.request.trunk_id === null ? enabledTrunks(choice, leave) : namedTrunk(choice);
  if ('reason' in candidates) return { attempts: [], leftOut, refusal: candidates };
  const callable = candidates.filter((trunk) => {
    const may = mayCall(trunk, destination);
    if (!may) leave(trunk, 'country-not-allowed');
    return may;
  });
  if (callable.length === 0)
    return { attempts: [], leftOut, refusal: noTrunk(candidates.length, leftOut, destination) };
  const first = firstOf(choice, callable, (trunk) => leave(trunk, 'too-many'));
  const e164 = formatE164(destination.number);
  return { attempts: first.map((ranked) => attemptOf(choice, ranked, e164)), leftOut };
}

function enabledTrunks(
  { organization, own }: TrunkChoice,
  leave: (trunk: TrunkEntry, reason: LeftOutTrunk['reason']) => void,
): LiveTrunk[] {
  const onlyOwn = organization.state?.outbound_failover === 'number_trunk_only';
  return organization.trunks.filter(isLive).filter((trunk) => {
    const reason = !trunk.state.enabled
      ? 'disabled'
      : onlyOwn && trunk.handle !== own
        ? 'not-the-numbers-trunk'
        : undefined;
    if (reason !== undefined) leave(trunk, reason);
    return reason === undefined;
  });
}

/** Another organisation's trunk reads like none. */
function namedTrunk({ index, organization, request }: TrunkChoice): LiveTrunk[] | NonNullable<ChosenTrunks['refusal']> {
  const id = request.trunk_id!;
  const trunk = index.trunks.get(id);
  if (trunk === undefined || trunk.organization !== organization || !isLive(trunk))
    return { reason: 'unknown-trunk', detail: `The organisation has no trunk ${id}.` };
  return trunk.state.enabled
    ? [trunk]
    : { reason: 'trunk-disabled', detail: `The trunk ${id} is disabled. Enable it, or name none.` };
}

/** A trunk without its own list may call the countries that its organisation may call. */
const mayCall = ({ state: { outboundCountryCodes: codes } }: LiveTrunk, { country }: Destination): boolean =>
  codes === null || (country !== null && codes.includes(country));

function noTrunk(
  candidates: number,
  leftOut: readonly LeftOutTrunk[],
  { country }: Destination,
): NonNullable<ChosenTrunks['refusal']> {
  if (candidates > 0)
    return { reason: 'country-not-allowed', detail: `No trunk may call ${nameOf(country)}. ${HOW_TO_ALLOW}` };
  if (leftOut.length === 0) return { reason: 'no-trunk', detail: 'The organisation has no trunk. Add one.' };
  return leftOut.some(({ reason }) => reason === 'not-the-numbers-trunk')
    ? {
        reason: 'no-trunk',
        detail: 'The number has no enabled trunk, and outbound_failover is "number_trunk_only".',
      }
    : { reason: 'no-trunk', detail: 'All trunks of the organisation are disabled. Enable one.' };
}

interface Ranked {
  trunk: LiveTrunk;
  reach: GatewayReach;
  own: boolean;
  /** Not usable at this moment, as far as is known. */
  down: boolean;
  /** Between trunks that are equal in all else; the lower is tried before. */
  weight: number;
}

/**
 * The first eight in order. One pass that keeps eight at most: an organisation may have ten thousand trunks, and
 * inbound lookups wait for the plan.
 */
function firstOf(choice: TrunkChoice, trunks: readonly LiveTrunk[], leave: (trunk: LiveTrunk) => void): Ranked[] {
  const call = hashOf(choice.request.call_id);
  const first: Ranked[] = [];
  for (const trunk of trunks) {
    const ranked = rankOf(choice, trunk, call);
    let at = first.length;
    while (at > 0 && isBefore(ranked, first[at - 1]!)) at -= 1;
    if (at === MAX_ATTEMPTS) {
      leave(trunk);
      continue;
    }
    first.splice(at, 0, ranked);
    if (first.length > MAX_ATTEMPTS) leave(first.pop()!.trunk);
  }
  return first;
}

function isBefore(one: Ranked, other: Ranked): boolean {
  if (one.down !== other.down) return other.down;
  if (one.own !== other.own) return one.own;
  const [priority, others] = [one.trunk.state.priority, other.trunk.state.priority];
  if (priority !== others) return priority < others;
  if (one.weight !== other.weight) return one.weight < other.weight;
  return one.trunk.id < other.trunk.id;
}

function rankOf({ gateways, own }: TrunkChoice, trunk: LiveTrunk, call: number): Ranked {
  const { id, state, handle } = trunk;
  const reach = gateways.of(id);
  return {
    trunk,
    reach,
    own: handle === own,
    down: reach === 'down' || isUnplaced(state),
    // Highest random weight: each of equal trunks is the first for as many calls, and losing one moves no other call.
    weight: mixed(call ^ state.idHash),
  };
}

function attemptOf({ request }: TrunkChoice, { trunk, reach, own }: Ranked, e164: string): PlannedAttempt {
  const { id, state } = trunk;
  return {
    trunk_id: id,
    chosen_by: request.trunk_id !== null ? 'request' : own ? 'number-trunk' : 'priority',
    priority: state.priority,
    gateway: reach,
    pool: state.pool,
    bridge_id: state.registers ? state.bridgeId : null,
    dialled: carrierSpelling(e164, state.outboundRules),
  };
}

const isLive = (trunk: TrunkEntry): trunk is LiveTrunk => trunk.state !== null;
/** A trunk that registers is on no bridge until it was placed on one. */
const isUnplaced = ({ registers, bridgeId }: RoutedTrunk): boolean => registers && bridgeId === null;

/** Spreads the bits (the finalizer of MurmurHash3): of two hashes that differ, any bit of the result may. */
function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
