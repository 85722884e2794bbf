import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { OutboundRequest } from '@trunkmesh/contracts/outbound.js';
import { ROUTING_OUTBOUND } from '@trunkmesh/contracts/subjects.js';
import { GatewayStates } from '@trunkmesh/routing/gateway-states.js';
import { planOutbound } from '@trunkmesh/routing/plan-outbound.js';
import { createRouteIndex } from '@trunkmesh/routing/route-index.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { askPlan } from './explain.nats.js';

const REQUEST: OutboundRequest = {
  ...{ call_id: '019ad1f0-0000-7000-8000-000000000001', organization_id: '019ad1f0-0000-7000-8000-000000000002' },
  ...{ from: '+15551234567', to: '+15559876543', caller_id: null, trunk_id: null },
  target: { kind: 'assistant', id: 1 },
};
const PLAN = planOutbound(createRouteIndex(), new GatewayStates(), REQUEST);
const WAIT_MS = 10_000;

let server: NatsServer;
let nc: NatsConnection;
beforeAll(async () => {
  server = await startNatsServer();
  nc = await connectNats(server.url, { name: 'test', logger: createLogger('test', { level: 'silent' }) });
});
afterAll(async () => {
  await nc?.close();
  await server?.stop();
});

/** How often routing-service was asked, and with how much effort. */
async function asked({ answer, absent, waitMs }: { answer: unknown; absent: number; waitMs?: number }) {
  let [looks, questions] = [0, 0];
  const routing = nc.subscribe(ROUTING_OUTBOUND, {
    callback: (_error, message) => {
      questions += 1;
      message.respond(JSON.stringify(answer));
    },
  });
  const link = {
    get connection() {
      looks += 1;
      return looks > absent ? nc : undefined;
    },
  };
  const plan = await askPlan(link, REQUEST, waitMs).catch((error: { code: string }) => error.code);
  routing.unsubscribe();
  return { plan, looks, questions };
}

it('the plan of a call waits while NATS is restarted', async () =>
  expect(await asked({ answer: PLAN, absent: 2, waitMs: WAIT_MS })).toMatchObject({ plan: PLAN, questions: 1 }));

it('a plan that nobody waits for is given up at once', async () =>
  expect(await asked({ answer: PLAN, absent: 1 })).toMatchObject({ plan: 'routing-unavailable', questions: 0 }));

it('an answer that cannot be read is not asked for again', async () =>
  expect(await asked({ answer: {}, absent: 0, waitMs: WAIT_MS })).toMatchObject({
    ...{ plan: 'routing-unavailable', questions: 1 },
  }));
