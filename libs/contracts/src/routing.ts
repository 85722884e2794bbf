import { z } from 'zod';
import { bridgeId, e164, uuid } from './scalar.js';
import { numberTarget } from './number.js';

/**
 * The nine places that may tell which number was called, in the order in which they are asked (mission, "Inbound
 * routing").
 */
export const CALLED_NUMBER_SOURCES = [
  'Diversion',
  'History-Info',
  'X-Original-Called',
  'X-Original-Number',
  'X-Forwarded-To',
  'X-Original-To',
  'P-Called-Party-ID',
  'Request-URI',
  'To',
] as const;
export type CalledNumberSource = (typeof CALLED_NUMBER_SOURCES)[number];

/** Request `trunkmesh.rpc.routing.inbound`. Everything in it that comes from the INVITE is hostile. */
export const inboundRequest = z.object({
  call_id: z.string().max(128).describe('The call, by its id.'),
  bridge_id: bridgeId.describe('The bridge.'),
  pool: z.string().max(64).describe('The bridge pool.'),
  source_address: z.string().max(64).describe('IPv4 or IPv6, as FreeSWITCH saw it (`sip_network_ip`).'),
  resolved_trunks: z
    .array(uuid)
    .max(256)
    .default([])
    .describe(
      'Trunks whose gateway host resolves to the source address; the agent resolves names, routing ' +
        'matches literal addresses and CIDRs itself.',
    ),
  claimed_gateway: z
    .string()
    .max(128)
    .nullable()
    .default(null)
    .describe(
      '`sip_gateway`: the gateway that the Request-URI claims (`;gw=`). Narrows among the candidates ' +
        'by address; proves nothing on its own. Null: it claims none.',
    ),
  request_uri_user: z.string().max(256).describe('The user part of the Request-URI.'),
  to_user: z.string().max(256).describe('The user part of the To header.'),
  from_user: z.string().max(256).describe('The user part of the From header.'),
  headers: z
    .array(z.tuple([z.string().max(64), z.string().max(2048)]))
    .max(64)
    .default([])
    .describe(
      'Header lines in the order of arrival, each `[name, value]`, of the seven header sources only; ' +
        'names as in CALLED_NUMBER_SOURCES.',
    ),
});
export type InboundRequest = z.infer<typeof inboundRequest>;

/**
 * Request `trunkmesh.rpc.routing.explain`: what would become of this call? Decided as the live call would be, with
 * everybody's trunks. With `organization_id` the answer shows only what that organisation may see. `pool` empty: in
 * whatever pool.
 */
export const explainRequest = inboundRequest.extend({
  organization_id: uuid.nullable().default(null).describe('Who asks; null: an operator, who sees everything.'),
});
export type ExplainRequest = z.infer<typeof explainRequest>;

/** Why a call was refused: the reason and its SIP status (design, "Inbound, exactly" 4). */
export const REFUSALS = {
  'unknown-source': 403,
  'caller-country-not-allowed': 403,
  'trunk-disabled': 403,
  'organization-suspended': 403,
  'unknown-number': 404,
  'inactive-number': 404,
  'ambiguous-number': 484,
  'number-not-assigned': 480,
  'limit-reached': 486,
  /** Routed, and the caller offers no codec that the call can be answered with. */
  'no-common-codec': 488,
  /** Routed by a trunk with `srtp: required`, and the caller offers plain RTP. */
  'srtp-required': 488,
  'routing-unavailable': 503,
  /** Routed, and then its assistant could not be reached in time. */
  'assistant-unavailable': 503,
  /**
   * Routed, and the bridge could note the call neither on its disk nor in JetStream: its usage record might be lost.
   */
  'call-not-recordable': 503,
} as const;
export type RefusalReason = keyof typeof REFUSALS;
export const refusalReason = z.enum(Object.keys(REFUSALS) as [RefusalReason, ...RefusalReason[]]);

export const SIP_REASON_PHRASES: Record<(typeof REFUSALS)[RefusalReason], string> = {
  403: 'Forbidden',
  404: 'Not Found',
  480: 'Temporarily Unavailable',
  484: 'Address Incomplete',
  486: 'Busy Here',
  488: 'Not Acceptable Here',
  503: 'Service Unavailable',
};

/**
 * What became of one source. `decided`: this one named the number (which may then be refused: inactive, not assigned
 * …). `ambiguous`: it fits more than one number, so that picking one would be a guess.
 */
export const stepVerdict = z.enum([
  'decided',
  'absent',
  'unparsable',
  'not-a-public-number',
  'nobodys-number',
  'other-organizations-number',
  'ambiguous',
  'not-asked',
]);
export type StepVerdict = z.infer<typeof stepVerdict>;

export const explanationStep = z
  .object({
    source: z.enum([...CALLED_NUMBER_SOURCES, 'sole_number']).describe('Where the number is read from.'),
    raw: z.string().nullable().describe('The value as it arrived; null where there is no such source.'),
    number: e164.nullable().describe('The number in E.164 that `raw` means; null if it is no number.'),
    verdict: stepVerdict.describe('Why the source did or did not decide.'),
  })
  .meta({ id: 'ExplanationStep' });
export type ExplanationStep = z.infer<typeof explanationStep>;

export const routeCandidate = z
  .object({
    trunk_id: uuid.describe('The trunk.'),
    organization_id: uuid.describe('The organisation.'),
    matched_by: z
      .enum(['gateway-address', 'inbound-address', 'resolved-host'])
      .describe('Why the trunk is a candidate for the source address.'),
  })
  .meta({ id: 'RouteCandidate' });

export const routeExplanation = z
  .object({
    source_address: z.string().describe('The address that the call came from.'),
    claimed_gateway: z.string().nullable().describe('The gateway that the Request-URI claims; null: none.'),
    candidates: z.array(routeCandidate).describe('The trunks that the source address may belong to.'),
    steps: z
      .array(explanationStep)
      .describe('Each source that may name the called number, in the order in which they are asked.'),
    summary: z.string().describe('One sentence for a person: what was decided and why.'),
    standing: z
      .object({
        at_address: z
          .enum(['sole', 'shared', 'not-a-candidate', 'no-claim'])
          .describe(
            '`sole`: it alone counts there. `shared`: several organisations do, and only full public numbers ' +
              'decide. `not-a-candidate`: its claim does not count without evidence.',
          ),
        has_evidence: z.boolean().describe('Whether the organisation has evidence for the source address.'),
        others: z.boolean().describe('Whether another customer uses this address.'),
      })
      .optional()
      .describe('The claim of the asking organisation to the source address. Only in an answer to an explain request.'),
  })
  .meta({ id: 'RouteExplanation' });
export type RouteExplanation = z.infer<typeof routeExplanation>;

export const inboundDecision = z
  .discriminatedUnion('outcome', [
    z.object({
      outcome: z.literal('route').describe('What became of the request.'),
      organization_id: uuid.describe('The organisation of the call.'),
      trunk_id: uuid.describe('The trunk.'),
      number_id: uuid.describe("The organisation's phone number, by its id."),
      number: e164.describe('The phone number in E.164.'),
      decided_by: z.enum([...CALLED_NUMBER_SOURCES, 'sole_number']).describe('The source that decided.'),
      target: numberTarget.pick({ kind: true, id: true }).describe('The assistant or flow that takes the calls.'),
      caller: e164.nullable().describe('The caller in E.164; null where the INVITE names none.'),
      named_in_full: z
        .boolean()
        .optional()
        .describe(
          "The call named the number in full, read without anybody's number rules: a fact about the call, " +
            'which counts as evidence. Absent from older versions.',
        ),
      explanation: routeExplanation.describe('How the decision was made.'),
    }),
    z.object({
      outcome: z.literal('refuse').describe('What became of the request.'),
      reason: refusalReason.describe('Why, as a constant.'),
      sip_status: z.number().int().describe('The SIP status of the answer.'),
      organization_id: uuid.nullable().describe('The organisation of the call; null where that is not certain.'),
      trunk_id: uuid.nullable().describe('The trunk; null where none is known.'),
      number: e164.nullable().describe('The phone number in E.164; null where there is none.'),
      explanation: routeExplanation.describe('How the decision was made.'),
    }),
  ])
  .meta({ id: 'RoutingDecision' });
export type InboundDecision = z.infer<typeof inboundDecision>;

/**
 * The answer to a request that could not be read: nothing was decided. The agent treats it as `routing-unavailable`.
 */
export const routingFailure = z.object({
  outcome: z.literal('error').describe('What became of the request.'),
  code: z.literal('invalid-request').describe('The reason as a constant, for programs.'),
  message: z.string().describe('What happened and what to do, in a sentence.'),
});
export type RoutingFailure = z.infer<typeof routingFailure>;

export const inboundAnswer = z.discriminatedUnion('outcome', [...inboundDecision.options, routingFailure]);
export type InboundAnswer = z.infer<typeof inboundAnswer>;
