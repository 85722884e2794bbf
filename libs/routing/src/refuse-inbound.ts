import {
  REFUSALS,
  type CalledNumberSource,
  type ExplanationStep,
  type InboundDecision,
  type InboundRequest,
  type RefusalReason,
  type RouteExplanation,
} from '@trunkmesh/contracts/routing.js';
import type { RawSources } from './called-number.js';
import { byPriority } from './candidates.js';
import type { Match } from './match-number.js';
import { formatE164, type Dialect } from './number-format.js';
import type { Candidate } from './route-entries.js';
import type { RouteIndex } from './route-index.js';
import { summaryOfRefusal } from './summary.js';

/** A call under decision: what is known of it before its number is. All candidates are of one organisation. */
export interface Call {
  readonly index: RouteIndex;
  readonly request: InboundRequest;
  readonly raw: RawSources;
  readonly candidates: readonly Candidate[];
  /** The rules that no organisation has a hand in. */
  readonly neutral: Dialect;
}

/** What was found out: the steps so far, and the number where there is one. */
export interface Finding {
  readonly steps: ExplanationStep[];
  readonly decidedBy?: CalledNumberSource | 'sole_number';
  readonly match?: Match;
  readonly stray?: string | null;
}

/** Adds the step of the sole number, which every explanation ends with. */
export function withSole(
  steps: ExplanationStep[],
  verdict: ExplanationStep['verdict'],
  number: string | null,
): ExplanationStep[] {
  steps.push({ source: 'sole_number', raw: null, number, verdict });
  return steps;
}

/**
 * `trunk`: the one that a number named. Without it the call is somebody's only where its candidates leave no choice.
 */
export function refuse(
  call: Call,
  reason: RefusalReason,
  finding: Finding,
  trunk?: Candidate['trunk'],
): InboundDecision {
  const certain = trunk ?? (call.candidates.length === 1 ? call.candidates[0]!.trunk : undefined);
  const organization = call.candidates[0]?.trunk.organization.id;
  const number = finding.match === undefined ? (finding.stray ?? null) : formatE164(finding.match.number);
  const summary = summaryOfRefusal(reason, {
    number,
    decidedBy: finding.decidedBy,
    candidates: call.candidates,
    address: call.request.source_address,
  });
  return {
    outcome: 'refuse',
    reason,
    sip_status: REFUSALS[reason],
    organization_id: organization ?? null,
    trunk_id: certain?.id ?? null,
    number,
    explanation: explain(call, finding.steps, summary),
  };
}

/** An organisation may have more trunks at one address than anybody would read. */
const MAX_SHOWN = 32;

/** Only the trunks of the organisation whose call it is: the explanation goes into its call log. */
export function explain(call: Call, steps: ExplanationStep[], summary: string): RouteExplanation {
  const { request } = call;
  const candidates =
    call.candidates.length < 2 ? call.candidates : [...call.candidates].sort(byPriority).slice(0, MAX_SHOWN);
  return {
    source_address: request.source_address,
    claimed_gateway: request.claimed_gateway,
    candidates: candidates.map(({ trunk, matchedBy }) => ({
      trunk_id: trunk.id,
      organization_id: trunk.organization.id,
      matched_by: matchedBy,
    })),
    steps,
    summary,
  };
}
