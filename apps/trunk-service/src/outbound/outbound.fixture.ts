import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { callEvent, callRefused, type CallEvent, type CallRefused } from '@trunkmesh/contracts/call.js';
import { hangupRequest } from '@trunkmesh/contracts/call-control.js';
import { originateRequest, type OriginateAnswer, type OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import { bridgeRequest, CALLS_STREAM, callSubject } from '@trunkmesh/contracts/subjects.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { Config } from '../config.js';
import { speakForBridges } from '../bridge.fixture.js';
import { startMesh, type Api } from '../mesh.fixture.js';
import { answerForRouting } from '../routing.fixture.js';

export const CALLED = '+15551239999';

/** Undefined: no answer. */
type Said<Answer> = (request: OriginateRequest) => Answer | undefined | Promise<Answer | undefined>;

/** A bridge that is spoken for by a test. */
export interface FakeBridge {
  id: string;
  /** Every request to originate, in order. */
  asked: OriginateRequest[];
  /** The refused calls whose statuses it was asked to deliver, in order. */
  reported: CallRefused[];
  /** What it answers to that. */
  onRefused: () => OriginateAnswer | undefined;
  /** The calls that it was told to hang up, by id. */
  hungUp: string[];
  /** Those of them that it is not to take, should it be asked for them later. */
  canceledAhead: string[];
  answer: Said<OriginateAnswer>;
  /** What a hang-up is answered; undefined: nothing. */
  onHangup: (callId: string) => 'done' | 'call-not-found' | undefined;
  /** Takes no requests any more. */
  stop(): void;
}

/** Answers the requests to a bridge. */
async function fakeBridge(nc: NatsConnection, id: string): Promise<FakeBridge> {
  const taken = new Set<string>();
  const fake: FakeBridge = {
    id,
    asked: [],
    reported: [],
    onRefused: () => ({ outcome: 'accepted' }),
    hungUp: [],
    canceledAhead: [],
    answer: ({ call_id, dial_until }) => {
      if (!taken.has(call_id) && Date.parse(dial_until) < Date.now())
        return { outcome: 'refused', code: 'too-late', message: 'Too late.' };
      taken.add(call_id);
      return { outcome: 'accepted' };
    },
    onHangup: (callId) => (taken.has(callId) ? 'done' : 'call-not-found'),
    stop: () => {
      for (const one of subscriptions) one.unsubscribe();
    },
  };
  const subscriptions = [
    nc.subscribe(bridgeRequest(id, 'call.originate'), {
      callback: (_error, message) => {
        const request = originateRequest.parse(message.json());
        fake.asked.push(request);
        void Promise.resolve(fake.answer(request)).then((answer) => {
          if (answer !== undefined) message.respond(JSON.stringify(answer));
        });
      },
    }),
    nc.subscribe(bridgeRequest(id, 'call.refused'), {
      callback: (_error, message) => {
        fake.reported.push(callRefused.parse(message.json()));
        const answer = fake.onRefused();
        if (answer !== undefined) message.respond(JSON.stringify(answer));
      },
    }),
    nc.subscribe(bridgeRequest(id, 'call.hangup'), {
      callback: (_error, message) => {
        const { call_id, in_advance } = hangupRequest.parse(message.json());
        fake.hungUp.push(call_id);
        if (in_advance === true) fake.canceledAhead.push(call_id);
        const code = fake.onHangup(call_id);
        if (code !== undefined)
          message.respond(
            JSON.stringify(code === 'done' ? { outcome: 'done' } : { outcome: 'refused', code, message: 'No.' }),
          );
      },
    }),
  ];
  await nc.flush();
  return fake;
}

async function eventsOf(nc: NatsConnection, organizationId: string, callId: string): Promise<CallEvent[]> {
  const manager = await jetstreamManager(nc);
  const events: CallEvent[] = [];
  const subject = callSubject(organizationId, callId);
  for (let seq = 1; ;) {
    const message = await manager.direct.getMessage(CALLS_STREAM, { seq, next_by_subj: subject }).catch(() => null);
    if (message === null) return events;
    events.push(callEvent.parse(message.json()));
    seq = message.seq + 1;
  }
}

/** The service with routing, and bridges that a test speaks for. */
export async function startOutbound(over: Partial<Config> = {}) {
  const mesh = await startMesh(over);
  Object.assign(mesh.service.parts.deadlines, { originateMs: 1_000, hangUpMs: 1_000 });
  const routing = await answerForRouting(mesh.nats.url);
  const voices = await speakForBridges(mesh.nats.url);
  const nc = await connectNats(mesh.nats.url, { name: 'test', logger: createLogger('test', { level: 'silent' }) });
  let organizations = 0;

  const bridge = async (id: string, pool = 'default', beat: Partial<BridgeHeartbeat> = {}): Promise<FakeBridge> => {
    const fake = await fakeBridge(nc, id);
    await voices.bridge(id, { pool, ...beat }).speak();
    await eventually(async () => (await mesh.operator('GET', `/api/v1/bridges/${id}`)).body.status === 'active');
    return fake;
  };

  /** An organisation with a trunk by address and a number, which routing knows. */
  const organization = async (trunk: object = {}, settings: object = {}) => {
    const made = await mesh.organization(`Caller ${(organizations += 1)}`);
    if (Object.keys(settings).length > 0) await mesh.operator('PATCH', `/api/v1/organizations/${made.id}`, settings);
    const post = async (path: string, body: object) => {
      const answer = await made.admin('POST', path, body);
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      return answer.body as { id: string; phone_number: string };
    };
    const first = await post('/api/v1/sip-trunks', {
      name: 'Carrier',
      gateway: 'sip.example.com',
      register: false,
      ...trunk,
    });
    const number = await post('/api/v1/phone-numbers', {
      phone_number: `+1555${6_000_000 + organizations}`,
      sip_trunk_id: first.id,
      assistant: { id: 7, name: 'Front Desk' },
    });
    await planned(made.admin, number.phone_number);
    return { ...made, trunk: first, number, from: number.phone_number };
  };

  const planned = (admin: Api, from: string, attempts = 1) =>
    eventually(async () => {
      const explained = await admin('POST', '/api/v1/routes/explain', {
        direction: 'outbound',
        from_phone_number: from,
        to_phone_number: CALLED,
      });
      return explained.body.decision?.attempts?.length === attempts;
    });

  return {
    mesh,
    nc,
    bridge,
    organization,
    planned,
    /** The events of a call so far. */
    eventsOf: (organizationId: string, callId: string) => eventsOf(nc, organizationId, callId),
    publish: async (event: CallEvent) => {
      await jetstream(nc).publish(event.subject, JSON.stringify(event));
    },
    rowOf: async (callId: string) =>
      (
        await mesh.service.parts.record.query<{ state: string; bridge_id: string | null; look_at: Date | null }>(
          'select * from outbound_calls where call_id = $1',
          [callId],
        )
      )[0],
    /** The sweeper looks at it now, not when its turn is over. */
    due: async (callId: string) => {
      await mesh.service.parts.record.query('update outbound_calls set look_at = now() where call_id = $1', [callId]);
    },
    stop: async () => {
      await voices.stop();
      await routing();
      await nc.close();
      await mesh.stop();
    },
  };
}
export type Outbound = Awaited<ReturnType<typeof startOutbound>>;
