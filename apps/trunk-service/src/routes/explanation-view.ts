import { inboundDecision, inboundRequest, routeExplanation } from '@trunkmesh/contracts/routing.js';
import { z } from 'zod';

const [route, refuse] = inboundDecision.options;

export const explanationView = z
  .object({
    decision: z
      .discriminatedUnion('outcome', [
        route.omit({ explanation: true }).meta({ id: 'ExplainedRoute', description: 'The call would be routed.' }),
        refuse.omit({ explanation: true }).meta({ id: 'ExplainedRefusal', description: 'The call would be refused.' }),
      ])
      .describe('What would become of the call.'),
    explanation: routeExplanation.describe('How the decision was made.'),
    assumptions: z.array(z.string()).describe('What was supposed because the request does not say it.'),
    request: inboundRequest
      .omit({ call_id: true, bridge_id: true })
      .partial()
      .meta({ id: 'ExplainedCall', description: 'The call as it was understood.' })
      .describe('The call as it was understood.'),
  })
  .meta({ id: 'Explanation', description: 'Where a call would go, and why.' });
