import { outboundRequest } from '@trunkmesh/contracts/outbound.js';
import { ROUTING_OUTBOUND, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow } from '@trunkmesh/event-log/follow.nats.js';
import { GatewayStates } from '@trunkmesh/routing/gateway-states.js';
import { planOutbound } from '@trunkmesh/routing/plan-outbound.js';
import { applyEvent } from '@trunkmesh/routing/route-events.js';
import { createRouteIndex } from '@trunkmesh/routing/route-index.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';

/** Answers for the plans of outbound calls as routing-service does: by the routing rules, on the events of the log. */
export async function answerForRouting(url: string, gateways = new GatewayStates()): Promise<() => Promise<void>> {
  const logger = createLogger('test', { level: 'silent' });
  const nc = await connectNats(url, { name: 'routing', logger });
  const index = createRouteIndex();
  const followed = follow(nc, {
    stream: TRUNKMESH_STREAM,
    filter: 'trunkmesh.org.>',
    from: 'last-per-subject',
    logger,
    onEvent: (event, { subject }) => {
      applyEvent(index, subject, event);
    },
    onCaughtUp: () => undefined,
  });
  nc.subscribe(ROUTING_OUTBOUND, {
    callback: (_error, message) => {
      message.respond(JSON.stringify(planOutbound(index, gateways, outboundRequest.parse(message.json()))));
    },
  });
  await nc.flush();
  return async () => {
    await followed.stop();
    await nc.close();
  };
}
