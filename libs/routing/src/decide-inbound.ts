import {
  CALLED_NUMBER_SOURCES,
  type ExplanationStep,
  type InboundDecision,
  type InboundRequest,
  type RefusalReason,
} from '@trunkmesh/contracts/routing.js';
import { rawSources, type RawSources } from './called-number.js';
import { byPriority, claimedTrunk, groupByDialect, narrowed, type DialectGroup } from './candidates.js';
import { notAsked, walkSources, type Match } from './match-number.js';
import { namedOrganization, namesInFull } from './named-numbers.js';
import { formatE164, toE164 } from './number-format.js';
import { countryOf } from './number-plan.js';
import {
  ACTIVE,
  countriesOf,
  digitsOf,
  flagsOf,
  HAS_TARGET,
  idWords,
  NONE,
  TARGET_ACTIVE,
  TARGET_IS_FLOW,
  targetOf,
  trunkOf,
} from './number-table.js';
import { explain, refuse, withSole, type Call, type Finding } from './refuse-inbound.js';
import type { RouteIndex } from './route-index.js';
import { parseUser } from './sip-value.js';
import { standingOf } from './standing.js';
import { summaryOfRoute } from './summary.js';
import { formatUuid } from './uuid-words.js';
import type { Candidate, Standing } from './route-entries.js';

/**
 * Where an inbound call goes, and why (design, "Inbound, exactly" and "Claims on shared names"). Total: whatever the
 * request holds, it ends in a route or a refusal. Used by routing-service and by the agent's local copy alike.
 */
export function decideInbound(index: RouteIndex, request: InboundRequest): InboundDecision {
  return decideAmong(index, request, standingOf(index, request));
}

export function decideAmong(index: RouteIndex, request: InboundRequest, standing: Standing): InboundDecision {
  const { admitted, neutral } = standing;
  const raw = rawSources(request);
  if (standing.mode === 'shared') return decideShared(index, request, { standing, raw });
  const [candidates = []] = admitted.values();
  return decideFor({ index, request, raw, neutral, candidates: narrowed(candidates, request) }, groupByDialect);
}

/**
 * An address that several organisations share. A full public number decides whose call it is, read neutrally and before
 * any organisation's own rules. Without one only the contact of a registration, which FreeSWITCH gave the carrier,
 * identifies the organisation; anything else would be a guess.
 */
function decideShared(
  index: RouteIndex,
  request: InboundRequest,
  { standing, raw }: { standing: Standing; raw: RawSources },
): InboundDecision {
  const { admitted, neutral } = standing;
  const organization = namedOrganization(index, standing, raw);
  if (organization !== undefined) {
    const candidates = narrowed(admitted.get(organization)!, request);
    return decideFor({ index, request, raw, neutral, candidates }, (enabled) => [
      { dialect: neutral, candidates: enabled },
    ]);
  }
  const call = { index, request, raw, neutral };
  const registered = registeredCandidate(index, request, standing);
  if (registered !== undefined) return decideFor({ ...call, candidates: [registered] }, groupByDialect);
  const { steps, strayNumber } = walkSources(index, [{ dialect: neutral, candidates: [] }], raw);
  const nobodys: Call = { ...call, candidates: [] };
  if (strayNumber !== undefined)
    return refuse(nobodys, 'unknown-number', { steps: withSole(steps, 'not-asked', null), stray: strayNumber.e164 });
  return refuse(nobodys, 'ambiguous-number', { steps: withSole(steps, 'ambiguous', null) });
}

/** The trunk whose contact the Request-URI holds, where its organisation has evidence for the address. */
function registeredCandidate(
  index: RouteIndex,
  request: InboundRequest,
  { admitted, evident }: Standing,
): Candidate | undefined {
  const claimed = claimedTrunk(request);
  const organization = claimed === undefined ? undefined : index.trunks.get(claimed)?.organization;
  if (organization === undefined || !evident.has(organization)) return undefined;
  return admitted.get(organization)?.find(({ trunk }) => trunk.id === claimed);
}

/** The decision among one organisation's trunks. `grouped`: the rules by which each of them reads numbers. */
function decideFor(of: Call, grouped: (enabled: readonly Candidate[]) => readonly DialectGroup[]): InboundDecision {
  const enabled = of.candidates.filter((candidate) => candidate.trunk.state.enabled);
  const call: Call = { ...of, candidates: enabled.length > 0 ? enabled : of.candidates };
  const { index, raw } = call;
  const early = refusedBySource(call, enabled.length);
  if (early !== undefined) return refuse(call, early, { steps: withSole(notAsked([], raw), 'not-asked', null) });

  const { steps, decidedBy, match, strayNumber } = walkSources(index, grouped(call.candidates), raw);
  if (match !== undefined) return conclude(call, { steps: withSole(steps, 'not-asked', null), decidedBy, match });
  if (decidedBy !== undefined)
    return refuse(call, 'ambiguous-number', { steps: withSole(steps, 'not-asked', null), decidedBy });
  if (strayNumber !== undefined)
    return refuse(call, 'unknown-number', { steps: withSole(steps, 'not-asked', null), stray: strayNumber.e164 });
  return bySoleNumber(call, steps);
}

/** What refuses a call whatever number it is for. */
function refusedBySource(call: Call, enabled: number): RefusalReason | undefined {
  if (call.candidates.length === 0) return 'unknown-source';
  if (enabled === 0) return 'trunk-disabled';
  return call.candidates[0]!.trunk.organization.state?.status === 'suspended' ? 'organization-suspended' : undefined;
}

/**
 * No source named a number and the address lines hold none of their own: the trunk's one active number, where it has
 * exactly one.
 */
function bySoleNumber(call: Call, steps: ExplanationStep[]): InboundDecision {
  const active = call.candidates.reduce((sum, candidate) => sum + candidate.trunk.activeNumbers, 0);
  if (active === 0) return refuse(call, 'unknown-number', { steps: withSole(steps, 'absent', null) });
  const holder = call.candidates.find((candidate) => candidate.trunk.activeNumbers > 0)!;
  if (active > 1) return refuse(call, 'ambiguous-number', { steps: withSole(steps, 'ambiguous', null) });
  const row = holder.trunk.activeRows;
  const number = digitsOf(call.index.numbers, row);
  return conclude(call, {
    steps: withSole(steps, 'decided', formatE164(number)),
    decidedBy: 'sole_number',
    match: { row, number, candidates: [holder] },
  });
}

/** The number is known: may this caller reach it, and does anybody answer there? */
function conclude(call: Call, finding: Finding & { match: Match }): InboundDecision {
  const {
    index: { numbers },
    request,
  } = call;
  const { row } = finding.match;
  const { trunk } = pickTrunk(call, finding.match);
  const from = parseUser(request.from_user);
  const caller = toE164(from.text, trunk.state.dialect, from.context);
  const refusal = refusedByNumber(call.index, trunk, row, caller);
  if (refusal !== undefined) return refuse(call, refusal, finding, trunk);
  const kind = (flagsOf(numbers, row) & TARGET_IS_FLOW) === 0 ? 'assistant' : 'flow';
  const target = { kind, id: targetOf(numbers, row) } as const;
  const number = formatE164(finding.match.number);
  const decidedBy = finding.decidedBy!;
  return {
    outcome: 'route',
    organization_id: trunk.organization.id,
    trunk_id: trunk.id,
    number_id: formatUuid(idWords(numbers, row)),
    number,
    decided_by: decidedBy,
    target,
    caller: caller === 0 ? null : formatE164(caller),
    named_in_full: namesInFull(decidedBy === 'sole_number' ? -1 : CALLED_NUMBER_SOURCES.indexOf(decidedBy), call.raw, {
      number: finding.match.number,
      neutral: call.neutral,
    }),
    explanation: explain(call, finding.steps, summaryOfRoute(number, decidedBy, target)),
  };
}

function refusedByNumber(
  index: RouteIndex,
  trunk: Candidate['trunk'],
  row: number,
  caller: number,
): RefusalReason | undefined {
  if (trunk.organization.state?.status === 'suspended') return 'organization-suspended';
  const flags = flagsOf(index.numbers, row);
  if ((flags & ACTIVE) === 0) return 'inactive-number';
  if (!mayCall(index, row, caller)) return 'caller-country-not-allowed';
  // An assistant that was switched off answers no more than one that was never assigned.
  return (flags & (HAS_TARGET | TARGET_ACTIVE)) === (HAS_TARGET | TARGET_ACTIVE) ? undefined : 'number-not-assigned';
}

/** A caller who does not say who he is comes from no country that the number allows. */
function mayCall(index: RouteIndex, row: number, caller: number): boolean {
  const handle = countriesOf(index.numbers, row);
  if (handle === NONE) return true;
  const country = caller === 0 ? undefined : countryOf(caller);
  return country !== undefined && index.countries.values[handle]!.has(country);
}

/**
 * Of the organisation's candidates: the number's own trunk, else the one that the Request-URI claims, else by
 * priority.
 */
function pickTrunk(call: Call, match: Match): Candidate {
  const { candidates } = match;
  if (candidates.length === 1) return candidates[0]!;
  const own = trunkOf(call.index.numbers, match.row);
  const claimed = claimedTrunk(call.request);
  return (
    candidates.find((candidate) => candidate.trunk.handle === own) ??
    candidates.find((candidate) => candidate.trunk.id === claimed) ??
    [...candidates].sort(byPriority)[0]!
  );
}
