import {
  CALLED_NUMBER_SOURCES,
  REFUSALS,
  type ExplanationStep,
  type InboundDecision,
  type InboundRequest,
  type RouteExplanation,
} from '@trunkmesh/contracts/routing.js';
import { rawSources, rawText } from './called-number.js';
import { decideAmong } from './decide-inbound.js';
import type { RouteIndex } from './route-index.js';
import { standingOf } from './standing.js';
import type { OrganizationEntry, Standing } from './route-entries.js';

/**
 * What would become of this call, as one organisation may see it: decided as the live call would be, with everybody's
 * trunks, and without a word of whose the others are. A call that is another organisation's reads as one whose number
 * is nobody's. `null`: an operator, who sees the decision itself.
 */
export function explainInbound(
  index: RouteIndex,
  request: InboundRequest,
  organizationId: string | null,
): InboundDecision {
  const standing = standingOf(index, request);
  const decision = decideAmong(index, request, standing);
  if (organizationId === null) return decision;
  const handle = index.organizations.handles.get(organizationId);
  const organization = handle === undefined ? undefined : index.organizations.values[handle];
  const shown = shownTo({ index, request, standing, decision }, organization);
  return { ...shown, explanation: { ...shown.explanation, standing: standingFor(standing, organization) } };
}

interface Live {
  index: RouteIndex;
  request: InboundRequest;
  standing: Standing;
  decision: InboundDecision;
}

function shownTo(
  { index, request, standing, decision }: Live,
  organization: OrganizationEntry | undefined,
): InboundDecision {
  const own = organization && standing.admitted.get(organization);
  if (organization === undefined || own === undefined)
    return notAdmitted(request, organization !== undefined && standing.claimants.has(organization));
  if (decision.organization_id === organization.id || decision.organization_id === null) return decision;
  // Another organisation's call. What is left when nobody else's numbers are known there is what a number of nobody's
  // would give.
  const alone = decideAmong(index, request, { ...standing, admitted: new Map([[organization, own]]) });
  return alone.outcome === 'refuse' ? alone : othersCall(alone);
}

/** The call names the organisation's number, but another customer's as well, which decided. */
function othersCall(alone: InboundDecision): InboundDecision {
  const steps = alone.explanation.steps.map((step): ExplanationStep =>
    step.verdict === 'decided' ? { ...step, verdict: 'not-asked', number: null } : step,
  );
  const summary =
    'Refused: the call names a number of another customer of this address as well, and is taken for a call to ' +
    'that one.';
  return refusal('unknown-number', { ...alone.explanation, steps, summary });
}

function notAdmitted(request: InboundRequest, claims: boolean): InboundDecision {
  const raw = rawSources(request);
  const steps = CALLED_NUMBER_SOURCES.map((source, position): ExplanationStep => {
    const text = rawText(raw[position]);
    return { source, raw: text, number: null, verdict: text === null || text.trim() === '' ? 'absent' : 'not-asked' };
  });
  const because = claims
    ? `another customer uses ${request.source_address}, and your organisation has not proven that it calls from ` +
      'there; place a verification call'
    : `no trunk of your organisation in this pool has the source address ${request.source_address}`;
  return refusal('unknown-source', {
    source_address: request.source_address,
    claimed_gateway: request.claimed_gateway,
    candidates: [],
    steps: [...steps, { source: 'sole_number', raw: null, number: null, verdict: 'not-asked' }],
    summary: `Refused: ${because}.`,
  });
}

function refusal(reason: 'unknown-source' | 'unknown-number', explanation: RouteExplanation): InboundDecision {
  return {
    outcome: 'refuse',
    reason,
    sip_status: REFUSALS[reason],
    organization_id: null,
    trunk_id: null,
    number: null,
    explanation,
  };
}

/**
 * Others are mentioned to those alone that claim the address themselves: it is no directory of who calls from where.
 */
function standingFor(
  { mode, admitted, claimants, evident }: Standing,
  organization: OrganizationEntry | undefined,
): NonNullable<RouteExplanation['standing']> {
  if (organization === undefined || !claimants.has(organization))
    return {
      at_address: 'no-claim',
      has_evidence: organization !== undefined && evident.has(organization),
      others: false,
    };
  return {
    at_address: admitted.has(organization) ? mode : 'not-a-candidate',
    has_evidence: evident.has(organization),
    others: claimants.size > 1,
  };
}
