import { requestedParties } from '@trunkmesh/contracts/call-request.js';
import { outboundExplanation, outboundPlan, type OutboundRequest } from '@trunkmesh/contracts/outbound.js';
import { z } from 'zod';

/** A pair of numbers; the names are those of `POST /api/v1/calls`. */
export const outboundBody = z
  .strictObject({
    direction: z.literal('outbound').describe('An outbound call; absent: an inbound one.'),
    ...requestedParties.shape,
  })
  .refine(({ assistant_id, flow_id }) => assistant_id === undefined || flow_id === undefined, {
    path: ['flow_id'],
    message: 'must be left out where "assistant_id" is given: one of them takes the call',
  })
  .meta({ id: 'OutboundExplainRequest' });
export type OutboundBody = z.output<typeof outboundBody>;

export const isOutbound = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'direction' in body && body.direction !== 'inbound';

export function requestOf(body: OutboundBody, organization_id: string, call_id: string): OutboundRequest {
  const { assistant_id, flow_id } = body;
  return {
    call_id,
    organization_id,
    from: body.from_phone_number,
    to: body.to_phone_number,
    caller_id: body.caller_id ?? null,
    trunk_id: body.sip_trunk_id ?? null,
    target:
      assistant_id !== undefined
        ? { kind: 'assistant', id: assistant_id }
        : flow_id !== undefined
          ? { kind: 'flow', id: flow_id }
          : null,
  };
}

const [call, refuse] = outboundPlan.options;

export const outboundExplanationView = z
  .object({
    decision: z
      .discriminatedUnion('outcome', [
        call
          .omit({ explanation: true })
          .meta({ id: 'ExplainedOutboundCall', description: 'The call would be placed.' }),
        refuse
          .omit({ explanation: true })
          .meta({ id: 'ExplainedOutboundRefusal', description: 'Nothing would be dialled.' }),
      ])
      .describe('What would become of the call.'),
    explanation: outboundExplanation.describe('How the plan was made.'),
  })
  .meta({ id: 'OutboundPlanExplanation', description: 'Which trunks an outbound call would try, and why.' });
