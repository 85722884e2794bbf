import type {
  LeftOutTrunk,
  OutboundExplanation,
  OutboundPlan,
  OutboundRefusal,
  OutboundRequest,
  PlannedAttempt,
} from '@trunkmesh/contracts/outbound.js';
import { homeOf, readDestination, type Destination } from './destination.js';
import type { GatewayStates } from './gateway-states.js';
import { formatE164 } from './number-format.js';
import {
  ACTIVE,
  flagsOf,
  HAS_TARGET,
  idWords,
  rowOf,
  TARGET_ACTIVE,
  TARGET_IS_FLOW,
  targetOf,
  trunkOf,
  VERIFIED,
} from './number-table.js';
import { chooseTrunks, HOW_TO_ALLOW, nameOf } from './outbound-trunks.js';
import type { OrganizationEntry } from './route-entries.js';
import type { RouteIndex } from './route-index.js';
import { formatUuid } from './uuid-words.js';

type Check = OutboundExplanation['checks'][number]['check'];

class Refused {
  constructor(
    readonly check: Check,
    readonly reason: OutboundRefusal,
    readonly detail: string,
  ) {}
}

/**
 * Which trunks an outbound call tries, in which order, and why (design, "Outbound, exactly"). Total and pure: whatever
 * the request holds, it ends in a plan or a refusal. The order: the number's own trunk, then the organisation's other
 * enabled trunks by priority; trunks of the same priority are spread evenly over the calls; those whose gateway is down
 * come last.
 */
export function planOutbound(index: RouteIndex, gateways: GatewayStates, request: OutboundRequest): OutboundPlan {
  return new Planning(index, gateways, request).plan();
}

class Planning {
  private readonly checks: OutboundExplanation['checks'] = [];
  private readonly leftOut: LeftOutTrunk[] = [];
  private destination: Destination | undefined;

  constructor(
    private readonly index: RouteIndex,
    private readonly gateways: GatewayStates,
    private readonly request: OutboundRequest,
  ) {}

  plan(): OutboundPlan {
    const { organization_id, from } = this.request;
    try {
      return this.call();
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      this.checks.push({ check: refused.check, passed: false, detail: refused.detail });
      return {
        outcome: 'refuse',
        reason: refused.reason,
        organization_id,
        from,
        to: this.destination === undefined ? null : formatE164(this.destination.number),
        country: this.destination?.country ?? null,
        explanation: this.explanation(`Refused: ${refused.detail}`),
      };
    }
  }

  private call(): OutboundPlan {
    const { organization_id, from } = this.request;
    const organization = this.organization();
    const row = this.from(organization);
    const target = this.target(row);
    const caller_id = this.callerId(organization);
    const destination = this.reached();
    this.mayCall(organization, destination);
    const attempts = this.attempts(organization, row, destination);
    const first = attempts[0]!;
    const others = attempts.length === 1 ? '' : `, then ${attempts.length - 1} more`;
    const to = formatE164(destination.number);
    return {
      outcome: 'call',
      organization_id,
      number_id: formatUuid(idWords(this.index.numbers, row)),
      from,
      to,
      country: destination.country,
      caller_id,
      target,
      attempts,
      explanation: this.explanation(`${to} would be called by trunk ${first.trunk_id}${others}.`),
    };
  }

  private organization(): OrganizationEntry {
    const { organizations } = this.index;
    const handle = organizations.handles.get(this.request.organization_id);
    const organization = handle === undefined ? undefined : organizations.values[handle];
    // An organisation that routing does not know has no number that could call.
    if (organization === undefined)
      throw new Refused('from', 'unknown-number', `${this.request.from} is not a phone number of the organisation.`);
    if (organization.state?.status === 'suspended')
      throw new Refused('organization', 'organization-suspended', 'The organisation is suspended.');
    this.passed('organization', 'The organisation is active.');
    return organization;
  }

  private from(organization: OrganizationEntry): number {
    const { from } = this.request;
    const row = rowOf(this.index.numbers, digits(from), organization.handle);
    if (row < 0) throw new Refused('from', 'unknown-number', `${from} is not a phone number of the organisation.`);
    if ((flagsOf(this.index.numbers, row) & ACTIVE) === 0)
      throw new Refused('from', 'inactive-number', `${from} is not active.`);
    this.passed('from', `${from} is an active phone number of the organisation.`);
    return row;
  }

  private target(row: number): { kind: 'assistant' | 'flow'; id: number } {
    const { from, target } = this.request;
    if (target !== null) {
      this.passed('target', `The request names ${target.kind} ${target.id}.`);
      return target;
    }
    const flags = flagsOf(this.index.numbers, row);
    if ((flags & (HAS_TARGET | TARGET_ACTIVE)) !== (HAS_TARGET | TARGET_ACTIVE))
      throw new Refused(
        'target',
        'number-not-assigned',
        `No active assistant or flow is assigned to ${from}, and the request names none.`,
      );
    const kind = (flags & TARGET_IS_FLOW) === 0 ? 'assistant' : 'flow';
    const id = targetOf(this.index.numbers, row);
    this.passed('target', `${kind} ${id} is assigned to ${from}.`);
    return { kind, id };
  }

  private callerId(organization: OrganizationEntry): string {
    const { from, caller_id } = this.request;
    if (caller_id === null || caller_id === from) return from;
    const { numbers } = this.index;
    const row = rowOf(numbers, digits(caller_id), organization.handle);
    if (row < 0 || (flagsOf(numbers, row) & (ACTIVE | VERIFIED)) === 0)
      throw new Refused(
        'caller-id',
        'caller-id-not-allowed',
        `${caller_id} is neither an active phone number of the organisation nor a verified caller ID.`,
      );
    this.passed('caller-id', `${caller_id} may be shown.`);
    return caller_id;
  }

  private reached(): Destination {
    const { to, from } = this.request;
    const read = readDestination(to, digits(from));
    if (read === 'emergency-number')
      throw new Refused(
        'destination',
        read,
        'Emergency numbers cannot be called through TrunkMesh: the call would reach a control centre that does not ' +
          'know where the caller is. Use a telephone line that is registered for emergency calls.',
      );
    if (read === 'not-a-public-number')
      throw new Refused(
        'destination',
        read,
        'The called number is not a public telephone number. Give it in E.164, for example +15551234567; extensions ' +
          'and short numbers cannot be called.',
      );
    this.destination = read;
    this.passed('destination', `${formatE164(read.number)} is a public number ${placeOf(read)}.`);
    return read;
  }

  private mayCall({ state }: OrganizationEntry, { special, country }: Destination): void {
    if (special !== null) {
      if (state?.outbound_special_numbers.includes(special) !== true)
        throw new Refused(
          'country',
          'special-number',
          `This is a ${special} number. Add "${special}" to the organisation's outbound_special_numbers to ` +
            'allow such calls.',
        );
      this.passed('country', `The organisation allows ${special} numbers.`);
      if (country === null) return;
    }
    const { codes, why } = allowedBy(state, this.request.from);
    if (country === null || !codes.includes(country))
      throw new Refused(
        'country',
        'country-not-allowed',
        `The organisation may not call ${nameOf(country)}. ${HOW_TO_ALLOW}`,
      );
    this.passed('country', `${nameOf(country)} ${why}`);
  }

  private attempts(organization: OrganizationEntry, row: number, destination: Destination): PlannedAttempt[] {
    const { gateways, request, index } = this;
    const chosen = chooseTrunks(
      { index, gateways, request, organization, own: trunkOf(index.numbers, row) },
      destination,
    );
    this.leftOut.push(...chosen.leftOut);
    if (chosen.refusal !== undefined) throw new Refused('trunks', chosen.refusal.reason, chosen.refusal.detail);
    this.passed('trunks', `${chosen.attempts.length} of the organisation's trunks would be tried.`);
    return chosen.attempts;
  }

  private passed(check: Check, detail: string): void {
    this.checks.push({ check, passed: true, detail });
  }

  private explanation(summary: string): OutboundExplanation {
    return { checks: this.checks, left_out: this.leftOut, summary };
  }
}

/** The countries that may be called, and what is said of each. */
function allowedBy(
  state: OrganizationEntry['state'],
  from: string,
): { codes: readonly (string | null)[]; why: string } {
  const listed = state?.outbound_country_codes ?? null;
  if (listed !== null) return { codes: listed, why: 'may be called.' };
  const own = state?.country ?? null;
  if (own !== null) return { codes: [own], why: 'is the country of the organisation.' };
  return { codes: [homeOf(digits(from))], why: 'is the country of the calling number.' };
}

const digits = (e164: string): number => Number(e164.slice(1));
const placeOf = ({ country }: Destination): string => (country === null ? 'of no country' : `in ${country}`);
