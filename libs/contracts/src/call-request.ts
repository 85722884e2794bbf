import { z } from 'zod';
import { occurrence } from './envelope.js';
import { outboundRequest } from './outbound.js';
import { callOptions } from './outbound-call.js';
import { e164, uuid } from './scalar.js';

const platformId = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);

/** Who calls whom; the same by HTTP and as an event. The names are those that the platform's clients know. */
export const requestedParties = z.object({
  from_phone_number: e164.describe("The organisation's phone number that calls."),
  to_phone_number: outboundRequest.shape.to,
  caller_id: e164.optional().describe('The number to show instead of `from_phone_number`.'),
  sip_trunk_id: uuid.optional().describe('The only trunk to try. Absent: by the rules.'),
  assistant_id: platformId
    .optional()
    .describe('The assistant that takes the call. Absent: that of `from_phone_number`.'),
  flow_id: platformId.optional().describe('The flow that takes the call, instead of an assistant.'),
});

/**
 * Stream CALL_REQUESTS: a service wants a call, as `POST /api/v1/calls` does. The event's id is the call's id, so that
 * a repetition places no second call. Who may publish it acts as an admin of the organisation: it may choose the trunk
 * (`sip_trunk_id`). `time` is when the call was wanted: one that is read too late is refused.
 */
export const callRequested = occurrence(
  'CallRequested',
  requestedParties
    .extend({ organization_id: uuid.describe('The organisation that calls.'), ...callOptions.shape })
    .refine(({ assistant_id, flow_id }) => assistant_id === undefined || flow_id === undefined, {
      path: ['flow_id'],
      message: 'must be left out where "assistant_id" is given: one of them takes the call',
    }),
);
export type CallRequested = z.infer<typeof callRequested>;
