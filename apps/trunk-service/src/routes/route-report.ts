import type { InboundDecision, RouteExplanation } from '@trunkmesh/contracts/routing.js';

/**
 * What an organisation may see of a decision. Routing was asked to judge as if nobody else had a trunk; what is left to
 * hide is that a number is somebody's at all: a number of another organisation reads exactly like one that is nobody's.
 */
export function visibleDecision(decision: InboundDecision, organizationId: string | null): InboundDecision {
  if (organizationId === null) return decision;
  const explanation = visibleExplanation(decision.explanation, organizationId);
  if (decision.outcome === 'refuse')
    return {
      ...decision,
      ...(decision.organization_id === organizationId ? {} : { organization_id: null, trunk_id: null }),
      explanation,
    };
  if (decision.organization_id === organizationId) return { ...decision, explanation };
  // Cannot be, since only its own trunks were candidates; if it ever is, it says nothing.
  return {
    outcome: 'refuse',
    reason: 'unknown-number',
    sip_status: 404,
    organization_id: null,
    trunk_id: null,
    number: decision.number,
    explanation: { ...explanation, summary: 'The call is none of yours.' },
  };
}

function visibleExplanation(explanation: RouteExplanation, organizationId: string): RouteExplanation {
  return {
    ...explanation,
    candidates: explanation.candidates.filter((candidate) => candidate.organization_id === organizationId),
    steps: explanation.steps.map((step) =>
      step.verdict === 'other-organizations-number' ? { ...step, verdict: 'nobodys-number' } : step,
    ),
  };
}
