import {
  REFUSALS, type CalledNumberSource, type ExplanationStep, type InboundDecision, type InboundRequest, type RefusalReason, type RouteExplanation,
} from '@trunkmesh/contracts/routing.js';
import { rawSources } from './called-number.js';
import { byPriority, candidatesOf, claimedTrunk, groupByDialect, soleOrganization, type Candidate } from './candidates.js';
import { notAsked, walkSources, type Match } from './match-number.js';
import { formatE164, toE164 } from './number-format.js';
import { countryOf } from './number-plan.js';
import { ACTIVE, countriesOf, digitsOf, flagsOf, HAS_TARGET, idWords, NONE, TARGET_ACTIVE, TARGET_IS_FLOW, targetOf, trunkOf } from './number-table.js';
import type { RouteIndex } from './route-index.js';
import { parseUser } from './sip-value.js';
import { summaryOfRefusal, summaryOfRoute } from './summary.js';
import { formatUuid } from './uuid-words.js';

/** A call under decision: what is known of it before its number is. */
interface Call {
  readonly index: RouteIndex;
  readonly request: InboundRequest;
  readonly candidates: readonly Candidate[];
}

/** What was found out: the steps so far, and the number where there is one. */
interface Finding {
  readonly steps: ExplanationStep[];
  readonly decidedBy?: CalledNumberSource | 'sole_number';
  readonly match?: Match;
  readonly stray?: string | null;
}

/**
 * Where an inbound call goes, and why (design, "Inbound, exactly"). Total: whatever the request holds, it ends in a route or a refusal. Used by routing-service and by the
 * agent's local copy alike. With `organizationId` the call is judged as if nobody else had a trunk.
 */
export function decideInbound(index: RouteIndex, request: InboundRequest, organizationId: string | null = null): InboundDecision {
  const all = candidatesOf(index, request, organizationId);
  const enabled = all.filter((candidate) => candidate.trunk.state.enabled);
  const call: Call = { index, request, candidates: enabled.length > 0 ? enabled : all };
  const raw = rawSources(request);
  const early = refusedBySource(call, enabled.length);
  if (early !== undefined) return refuse(call, early, { steps: withSole(notAsked([], raw), 'not-asked', null) });

  const groups = groupByDialect(call.candidates);
  const { steps, decidedBy, match, strayNumber } = walkSources(index, groups, raw);
  if (match !== undefined) return conclude(call, { steps: withSole(steps, 'not-asked', null), decidedBy, match });
  if (decidedBy !== undefined) return refuse(call, 'ambiguous-number', { steps: withSole(steps, 'not-asked', null), decidedBy });
  if (strayNumber !== undefined) return refuse(call, 'unknown-number', { steps: withSole(steps, 'not-asked', null), stray: strayNumber.e164 });
  return bySoleNumber(call, steps);
}

/** What refuses a call whatever number it is for. */
function refusedBySource(call: Call, enabled: number): RefusalReason | undefined {
  if (call.candidates.length === 0) return 'unknown-source';
  if (enabled === 0) return 'trunk-disabled';
  const suspended = call.candidates.every((candidate) => candidate.trunk.organization.state?.status === 'suspended');
  return suspended ? 'organization-suspended' : undefined;
}

function withSole(steps: ExplanationStep[], verdict: ExplanationStep['verdict'], number: string | null): ExplanationStep[] {
  steps.push({ source: 'sole_number', raw: null, number, verdict });
  return steps;
}

/**
 * No source named a number and the address lines hold none of their own: the trunk's one active number, where it has exactly one. Candidates of several organisations leave
 * it open whose call this is, and then not even a single number among them is certain.
 */
function bySoleNumber(call: Call, steps: ExplanationStep[]): InboundDecision {
  const active = call.candidates.reduce((sum, candidate) => sum + candidate.trunk.activeNumbers, 0);
  if (active === 0) return refuse(call, 'unknown-number', { steps: withSole(steps, 'absent', null) });
  const holder = call.candidates.find((candidate) => candidate.trunk.activeNumbers > 0)!;
  if (active > 1 || soleOrganization(call.candidates) === undefined) return refuse(call, 'ambiguous-number', { steps: withSole(steps, 'ambiguous', null) });
  const row = holder.trunk.activeRows;
  const number = digitsOf(call.index.numbers, row);
  return conclude(call, { steps: withSole(steps, 'decided', formatE164(number)), decidedBy: 'sole_number', match: { row, number, candidates: [holder] } });
}

/** The number is known: may this caller reach it, and does anybody answer there? */
function conclude(call: Call, finding: Finding & { match: Match }): InboundDecision {
  const { index: { numbers }, request } = call;
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
    outcome: 'route', organization_id: trunk.organization.id, trunk_id: trunk.id, number_id: formatUuid(idWords(numbers, row)), number, decided_by: decidedBy, target,
    caller: caller === 0 ? null : formatE164(caller),
    explanation: explain(call, finding.steps, trunk.organization.id, summaryOfRoute(number, decidedBy, target)),
  };
}

function refusedByNumber(index: RouteIndex, trunk: Candidate['trunk'], row: number, caller: number): RefusalReason | undefined {
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

/** Of the organisation's candidates: the number's own trunk, else the one that the Request-URI claims, else by priority. */
function pickTrunk(call: Call, match: Match): Candidate {
  const { candidates } = match;
  if (candidates.length === 1) return candidates[0]!;
  const own = trunkOf(call.index.numbers, match.row);
  const claimed = claimedTrunk(call.request);
  return candidates.find((candidate) => candidate.trunk.handle === own)
    ?? candidates.find((candidate) => candidate.trunk.id === claimed)
    ?? [...candidates].sort(byPriority)[0]!;
}

/** `trunk`: the one that a number named. Without it the call is somebody's only where its candidates leave no choice. */
function refuse(call: Call, reason: RefusalReason, finding: Finding, trunk?: Candidate['trunk']): InboundDecision {
  const certain = trunk ?? (call.candidates.length === 1 ? call.candidates[0]!.trunk : undefined);
  const organization = certain?.organization.id ?? soleOrganization(call.candidates);
  const number = finding.match === undefined ? finding.stray ?? null : formatE164(finding.match.number);
  const summary = summaryOfRefusal(reason, { number, decidedBy: finding.decidedBy, candidates: call.candidates, address: call.request.source_address });
  return {
    outcome: 'refuse', reason, sip_status: REFUSALS[reason], organization_id: organization ?? null, trunk_id: certain?.id ?? null, number,
    explanation: explain(call, finding.steps, organization, summary),
  };
}

/** More would tell nobody anything; a carrier's address may be thousands of trunks'. */
const MAX_SHOWN = 32;

/** Once it is certain whose call it is, only that organisation's trunks are shown: the explanation goes into its call log. */
function explain(call: Call, steps: ExplanationStep[], organization: string | undefined, summary: string): RouteExplanation {
  const { request } = call;
  const shown = organization === undefined ? call.candidates : call.candidates.filter((candidate) => candidate.trunk.organization.id === organization);
  const candidates = shown.length < 2 ? shown : [...shown].sort(byPriority).slice(0, MAX_SHOWN);
  return {
    source_address: request.source_address,
    claimed_gateway: request.claimed_gateway,
    candidates: candidates.map(({ trunk, matchedBy }) => ({ trunk_id: trunk.id, organization_id: trunk.organization.id, matched_by: matchedBy })),
    steps,
    summary,
  };
}
