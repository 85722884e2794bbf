import type {
  ExplanationStep,
  InboundDecision,
  RouteExplanation,
  RoutingFailure,
} from '@trunkmesh/contracts/routing.js';
import { plain, quoted } from '../answering/json-text.js';

/**
 * A decision as JSON, byte for byte what `JSON.stringify` makes of it (a property test compares them) at a fifth of its
 * time: the shape is known, and most of it is constants. Not for an explanation's `standing`, which no live call has.
 */
export function decisionJson(decision: InboundDecision): string {
  if (decision.outcome === 'route') {
    const { organization_id, trunk_id, number_id, number, decided_by, target, caller, named_in_full, explanation } =
      decision;
    const full = named_in_full === undefined ? '' : `"named_in_full":${named_in_full},`;
    return (
      `{"outcome":"route","organization_id":"${organization_id}","trunk_id":"${trunk_id}","number_id":"${number_id}",` +
      `"number":"${number}","decided_by":"${decided_by}","target":{"kind":"${target.kind}","id":${target.id}},` +
      `"caller":${plain(caller)},${full}"explanation":${explanationJson(explanation)}}`
    );
  }
  const { reason, sip_status, organization_id, trunk_id, number, explanation } = decision;
  return (
    `{"outcome":"refuse","reason":"${reason}","sip_status":${sip_status},"organization_id":${plain(organization_id)},` +
    `"trunk_id":${plain(trunk_id)},"number":${plain(number)},"explanation":${explanationJson(explanation)}}`
  );
}

export const failureJson = (message: string): string =>
  JSON.stringify({ outcome: 'error', code: 'invalid-request', message } satisfies RoutingFailure);

function explanationJson({ source_address, claimed_gateway, candidates, steps, summary }: RouteExplanation): string {
  let trunks = '';
  for (const candidate of candidates) {
    trunks +=
      `${trunks === '' ? '' : ','}{"trunk_id":"${candidate.trunk_id}",` +
      `"organization_id":"${candidate.organization_id}","matched_by":"${candidate.matched_by}"}`;
  }
  let walk = '';
  for (const step of steps) walk += walk === '' ? stepJson(step) : `,${stepJson(step)}`;
  return (
    `{"source_address":${quoted(source_address)},` +
    `"claimed_gateway":${claimed_gateway === null ? 'null' : quoted(claimed_gateway)},` +
    `"candidates":[${trunks}],"steps":[${walk}],"summary":${quoted(summary)}}`
  );
}

function stepJson(step: ExplanationStep): string {
  const raw = step.raw === null ? 'null' : quoted(step.raw);
  return `{"source":"${step.source}","raw":${raw},"number":${plain(step.number)},"verdict":"${step.verdict}"}`;
}
