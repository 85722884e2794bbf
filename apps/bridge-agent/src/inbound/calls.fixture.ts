import 'reflect-metadata';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { jetstream } from '@nats-io/jetstream';
import type { CallEvent } from '@trunkmesh/contracts/call.js';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { InboundDecision, InboundRequest } from '@trunkmesh/contracts/routing.js';
import { numberSubject, organizationSubject, ROUTING_INBOUND, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { ServiceModule } from '@trunkmesh/runtime/service.module.js';
import { parseKeyRing } from '@trunkmesh/runtime/key-ring.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { runApi } from '@trunkmesh/testkit/freeswitch/api.process.js';
import { startStandIn } from '@trunkmesh/testkit/freeswitch/stand-in.net.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { numberOf, organizationOf, trunkOf } from '@trunkmesh/testkit/states.js';
import { Gateways } from '../gateway/gateways.net.js';
import { renderGateway } from '../gateway/gateway-xml.js';
import type { AssistantSettings } from '../route/assistant-settings.js';
import { CallReadiness } from '../call/call-readiness.js';
import type { CallDeadlines, CallParts } from '../call/call-parts.net.js';
import { CallsModule } from '../call/calls.module.js';
import { Drain } from '../call/drain.process.js';
import { eventsIn } from '../call-record/written-events.fixture.js';
import { environmentSchema, type Config } from '../config.js';
import { ControlModule } from '../control/control.module.js';
import { TrunkTestModule } from '../diagnose/trunk-test.module.js';
import type { RefusalPorts } from '../refused/refusal-ports.js';
import { ASSISTANT_SETTINGS, CALL_DEADLINES, CALL_PARTS, CALL_REFUSALS } from '../tokens.js';
import { OutboundModule } from '../outbound/outbound.module.js';
import { InboundModule } from './inbound.module.js';

type Prepare = { prepare(directory: string, options: object): Promise<{ confDir: string; agentDir: string }> };
const PREPARE = pathToFileURL(join(import.meta.dirname, '../../../../deploy/freeswitch/prepare.mjs')).href;
const PASSWORD = 'test-password';
const logger = createLogger('test', { level: process.env.TEST_LOG ?? 'silent' });

export const NO_ASSISTANT: AssistantSettings = {
  mediaUrl: undefined,
  prewarmUrl: undefined,
  statusUrl: undefined,
  streamSecret: undefined,
  answerDeadlineMs: 6_000,
  maxCallSeconds: 60,
  record: false,
  allowPrivateUrls: true,
  audioPorts: { first: 21_000, last: 21_999 },
};
const RING_TEXT = `test:${Buffer.alloc(32, 7).toString('base64')}`;
export const RING = parseKeyRing(RING_TEXT);

export const id = (kind: number, n: number) => `0190000${kind}-0000-7000-8000-${String(n).padStart(12, '0')}`;
export const organization = (n: number): OrganizationState => organizationOf({ id: id(1, n), name: `org ${n}` });
export const trunk = (org: number, n: number, with_: Partial<TrunkState> = {}): TrunkState =>
  trunkOf({
    id: id(2, n),
    organization_id: id(1, org),
    name: `trunk ${n}`,
    gateway: `192.0.2.${n}`,
    default_country: 'US',
    ...with_,
  });
export const number = (org: number, phone: string, with_: Partial<NumberState> = {}): NumberState =>
  numberOf({ id: id(3, Number(phone.slice(-6))), organization_id: id(1, org), phone_number: phone, ...with_ });
type Entity = OrganizationState | TrunkState | NumberState;
export const subjectOf = (entity: Entity) =>
  'phone_number' in entity
    ? numberSubject(entity.organization_id, entity.phone_number)
    : 'gateway' in entity
      ? trunkSubject(entity.organization_id, entity.id)
      : organizationSubject(entity.id);

/**
 * A host's calls with everything around them: a real nats-server, the FreeSWITCH stand-in on a prepared configuration,
 * entities in the log, and a routing-service that the test speaks for.
 */
export async function startHost() {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-calls-'));
  const [eslPort, callSocketPort] = [await freePort(), await freePort()];
  const { prepare } = (await import(PREPARE)) as Prepare;
  const { confDir, agentDir } = await prepare(join(folder, 'conf'), {
    sipIp: '127.0.0.1',
    sipPort: await freePort(),
    eslPort,
    eslPassword: PASSWORD,
    callSocketPort,
  });
  await writeFile(join(agentDir, 'acl.xml'), '<include>\n  <node type="allow" cidr="192.0.2.0/24"/>\n</include>\n');
  const nats = await startNatsServer({ storeDir: join(folder, 'nats') });
  const nc = await connectNats(nats.url, { name: 'test', logger });
  await ensureStreams(nc);
  const asked: InboundRequest[] = [];
  const agents: (() => Promise<void>)[] = [];
  let answer: ((request: InboundRequest) => unknown) | undefined;
  nc.subscribe(ROUTING_INBOUND, {
    callback: (_error, message) => {
      const request = message.json<InboundRequest>();
      asked.push(request);
      const decision = answer?.(request);
      if (decision !== undefined) message.respond(JSON.stringify(decision));
    },
  });

  const host = {
    nats,
    nc,
    asked,
    standIn: await startStandIn({ confDir, sip: true }),
    callSocketPort,
    /** The trunk as a gateway of FreeSWITCH. */
    async addGateway(one: TrunkState) {
      const rendered = renderGateway(one, null);
      if (!rendered.ok) throw new Error(rendered.problem.message);
      await writeFile(join(agentDir, 'gateways', `${rendered.name}.xml`), rendered.xml);
      await runApi(host.standIn.freeswitch, 'sofia profile external rescan');
    },
    /** Routing-service's answer; undefined: it never answers. */
    routingSays(says: ((request: InboundRequest) => InboundDecision | object | undefined) | undefined) {
      answer = says;
    },
    async publish(...entities: Entity[]) {
      for (const entity of entities)
        await jetstream(nc).publish(subjectOf(entity), JSON.stringify({ data: { change: {}, state: entity } }));
    },
    async startAgent(options: AgentOptions = {}): Promise<HostAgent> {
      const agent = await startAgentOn({ natsUrl: nats.url, folder, callSocketPort, eslPort }, options);
      agents.push(() => agent.stop());
      return agent;
    },
    async callEvents(callId?: string): Promise<CallEvent[]> {
      const events = await eventsIn(nc);
      return callId === undefined ? events : events.filter(({ data }) => data.call_id === callId);
    },
    /** The call's events once the last one is there. */
    untilWritten: (callId: string) =>
      eventually(
        async () => {
          const events = await host.callEvents(callId);
          return events.some(({ type }) => type === 'CallEnded' || type === 'CallRejected') ? events : undefined;
        },
        { message: "the call's last event" },
      ),
    async stopAgents() {
      await Promise.all(agents.splice(0).map((stop) => stop()));
    },
    async stop() {
      await host.stopAgents();
      await host.standIn.stop();
      await nc.close();
      await nats.stop();
      await rm(folder, { recursive: true, force: true });
    },
    stateDir: join(folder, 'state'),
    forget: () => rm(join(folder, 'state'), { recursive: true, force: true }),
  };
  return host;
}
export type Host = Awaited<ReturnType<typeof startHost>>;

/** What a test changes about the agent. */
export interface AgentOptions extends CallDeadlines {
  mesh?: AssistantSettings;
  maxCalls?: number;
  recordingsDir?: string;
  refused?: RefusalPorts;
}

/** Tests write the files of gateways and of the access list themselves. */
const NO_GATEWAYS = { refusesCertificate: () => false, stop: () => Promise.resolve() } satisfies Partial<Gateways>;

/** The modules of calls. */
@Module({ imports: [CallsModule, InboundModule, OutboundModule, ControlModule, TrunkTestModule] })
class HostCallsModule {}

async function startAgentOn(
  host: { natsUrl: string; folder: string; callSocketPort: number; eslPort: number },
  { mesh = NO_ASSISTANT, maxCalls = 100, recordingsDir, refused, ...deadlines }: AgentOptions,
) {
  const config: Config = {
    ...environmentSchema.parse({
      BRIDGE_ID: 'bridge-1',
      SIP_ADDRESS: 'sip.example.com',
      NATS_URL: host.natsUrl,
      SECRET_KEYS: RING_TEXT,
      ESL_PORT: host.eslPort,
      ESL_PASSWORD: PASSWORD,
      CONF_DIR: join(host.folder, 'conf'),
      STATE_DIR: join(host.folder, 'state'),
      CALL_SOCKET_PORT: host.callSocketPort,
      CAPTURE_PORT: 0,
      MAX_CALLS: maxCalls,
      DRAIN_SECONDS: 0,
      ALLOW_PRIVATE_GATEWAYS: 'true',
    }),
    RECORDINGS_DIR: recordingsDir ?? join(host.folder, 'recordings'),
  };
  const building = Test.createTestingModule({ imports: [ServiceModule.of(HostCallsModule, { config, logger })] })
    .overrideProvider(ASSISTANT_SETTINGS)
    .useValue(mesh)
    .overrideProvider(CALL_DEADLINES)
    .useValue(deadlines)
    .overrideProvider(Gateways)
    .useValue(NO_GATEWAYS);
  if (refused !== undefined) building.overrideProvider(CALL_REFUSALS).useValue(refused);
  const testing = await building.compile();
  const app = testing.createNestMicroservice({
    strategy: testing.get(RequestServer, { strict: false }),
    logger: false,
  });
  await app.listen();
  const { live, callRecords } = testing.get<CallParts>(CALL_PARTS, { strict: false });
  const drain = testing.get(Drain, { strict: false });
  let stopping: Promise<void> | undefined;
  return {
    readiness: () => testing.get(CallReadiness, { strict: false }).check(),
    live: () => live.count(),
    /** Of those, calls that are not observed now, after a restart or a broken connection. */
    outOfSight: () => live.count() - live.countSeen(),
    unconfirmedRecords: () => callRecords.unconfirmed(),
    drain: (withinMs: number) => drain.run(withinMs),
    stop: () => (stopping ??= app.close()),
  };
}
export type HostAgent = Awaited<ReturnType<typeof startAgentOn>>;
