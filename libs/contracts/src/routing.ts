import { z } from 'zod';
import { bridgeId, e164, uuid } from './scalar.js';
import { numberTarget } from './number.js';

/**
 *  The nine places that may tell which number was called, in the order in which they are asked (mission, "Inbound
 *  routing").
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
  call_id: z.string().max(128),
  bridge_id: bridgeId,
  pool: z.string().max(64),
  /** IPv4 or IPv6, as FreeSWITCH saw it (`sip_network_ip`). */
  source_address: z.string().max(64),
  /**
   *  Trunks whose gateway host resolves to the source address; the agent resolves names, routing matches literal
   *  addresses and CIDRs itself.
   */
  resolved_trunks: z.array(uuid).max(256).default([]),
  /**
   *  `sip_gateway`: the gateway that the Request-URI claims (`;gw=`). Narrows among the candidates by address; proves
   *  nothing on its own.
   */
  claimed_gateway: z.string().max(128).nullable().default(null),
  request_uri_user: z.string().max(256),
  to_user: z.string().max(256),
  from_user: z.string().max(256),
  /**
   *  Header lines in the order of arrival, each `[name, value]`, of the seven header sources only; names as in
   *  CALLED_NUMBER_SOURCES.
   */
  headers: z
    .array(z.tuple([z.string().max(64), z.string().max(2048)]))
    .max(64)
    .default([]),
});
export type InboundRequest = z.infer<typeof inboundRequest>;

/**
 * Request `trunkmesh.rpc.routing.explain`: what would become of this call? Decided as the live call would be, with
 * everybody's trunks. With `organization_id` the answer shows only what that organisation may see. `pool` empty: in
 * whatever pool.
 */
export const explainRequest = inboundRequest.extend({ organization_id: uuid.nullable().default(null) });
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
   *  Routed, and the bridge could note the call neither on its disk nor in JetStream: its usage record might be lost.
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

export const explanationStep = z.object({
  source: z.enum([...CALLED_NUMBER_SOURCES, 'sole_number']),
  raw: z.string().nullable(),
  /** What `raw` was brought to. */
  number: e164.nullable(),
  verdict: stepVerdict,
});
export type ExplanationStep = z.infer<typeof explanationStep>;

export const routeCandidate = z.object({
  trunk_id: uuid,
  organization_id: uuid,
  matched_by: z.enum(['gateway-address', 'inbound-address', 'resolved-host']),
});

export const routeExplanation = z.object({
  source_address: z.string(),
  claimed_gateway: z.string().nullable(),
  candidates: z.array(routeCandidate),
  steps: z.array(explanationStep),
  /** One sentence for a person: what was decided and why. */
  summary: z.string(),
  /** In an answer to an explain request only: how the asking organisation stands at the source address. */
  standing: z
    .object({
      /**
       *  `sole`: it alone counts there. `shared`: several organisations do, and only full public numbers decide.
       *  `not-a-candidate`: its claim does not count without evidence.
       */
      at_address: z.enum(['sole', 'shared', 'not-a-candidate', 'no-claim']),
      has_evidence: z.boolean(),
      /** Another customer uses this address. Not who. */
      others: z.boolean(),
    })
    .optional(),
});
export type RouteExplanation = z.infer<typeof routeExplanation>;

export const inboundDecision = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('route'),
    organization_id: uuid,
    trunk_id: uuid,
    number_id: uuid,
    number: e164,
    decided_by: z.enum([...CALLED_NUMBER_SOURCES, 'sole_number']),
    target: numberTarget.pick({ kind: true, id: true }),
    /** The caller in E.164, where it could be brought to it. */
    caller: e164.nullable(),
    /**
     *  The call named the number in full, read without anybody's number rules: a fact about the call, which counts as
     *  evidence. Absent from older versions.
     */
    named_in_full: z.boolean().optional(),
    explanation: routeExplanation,
  }),
  z.object({
    outcome: z.literal('refuse'),
    reason: refusalReason,
    sip_status: z.number().int(),
    /** The organisation and trunk that the call would have belonged to, where that is certain. */
    organization_id: uuid.nullable(),
    trunk_id: uuid.nullable(),
    number: e164.nullable(),
    explanation: routeExplanation,
  }),
]);
export type InboundDecision = z.infer<typeof inboundDecision>;

/**
 *  The answer to a request that could not be read: nothing was decided. The agent treats it as `routing-unavailable`.
 */
export const routingFailure = z.object({
  outcome: z.literal('error'),
  code: z.literal('invalid-request'),
  message: z.string(),
});
export type RoutingFailure = z.infer<typeof routingFailure>;

export const inboundAnswer = z.discriminatedUnion('outcome', [...inboundDecision.options, routingFailure]);
export type InboundAnswer = z.infer<typeof inboundAnswer>;
