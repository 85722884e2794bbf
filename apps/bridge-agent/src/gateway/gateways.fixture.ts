import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { jetstream } from '@nats-io/jetstream';
import { GATEWAYS_BUCKET, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { gatewayStatus, type GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { trunkState, type TrunkEvent, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { parseKeyRing } from '@trunkmesh/runtime/key-ring.js';
import { seal } from '@trunkmesh/runtime/seal.process.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { startStandIn, type StandIn } from '@trunkmesh/testkit/freeswitch/stand-in.net.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { EslClient } from '../esl/esl-client.net.js';
import { ResolvedTrunks } from '../route/resolved-trunks.js';
import { createNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { LookUpOptions } from './gateway-address.net.js';
import { Gateways } from './gateways.net.js';

type Prepare = { prepare(directory: string, options: object): Promise<{ confDir: string; agentDir: string }> };
const PREPARE = pathToFileURL(join(import.meta.dirname, '../../../../deploy/freeswitch/prepare.mjs')).href;

export const ORGANIZATION = '0190a5b2-7c00-7000-8000-0000000000aa';
export const CARRIER = '192.0.2.10:5060';
export const trunkId = (n: number) => `0190a5b2-7c00-7000-8000-${String(n).padStart(12, '0')}`;
export const logger = createLogger('test', { level: process.env.TEST_LOG ?? 'silent' });
const ring = parseKeyRing(`k1:${Buffer.alloc(32, 7).toString('base64')}`);

const carriers = [{ address: CARRIER, users: { 'carrier-user': 'carrier-password' } }];

/**
 * A bridge's trunk part with everything around it: a real nats-server, the FreeSWITCH stand-in on a prepared
 * configuration, and a log to write into.
 */
export async function startBridge() {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-'));
  const { eslPort, confDir, agentDir } = await prepareFreeSwitch(folder);
  const nats = await startNatsServer({ storeDir: join(folder, 'nats') });
  const nc = await connectNats(nats.url, { name: 'test', logger });
  await ensureStreams(nc);
  const { statuses, watch } = watchStatuses(nc);
  const versions = new Map<number, number>();

  const bridge = {
    agentDir,
    nats,
    nc,
    statuses,
    standIn: (await startStandIn({ confDir, carriers })) as StandIn,
    gateways: undefined as Gateways | undefined,
    resolved: new ResolvedTrunks(),
    status: (n: number) => statuses.get(trunkId(n)),
    /** The state that the next event of this trunk carries. */
    trunk(n: number, more: Partial<TrunkState> & { plain?: string | null } = {}): TrunkState {
      const { plain = 'carrier-password', ...rest } = more;
      return trunkState.parse({
        id: trunkId(n),
        organization_id: ORGANIZATION,
        name: `Trunk ${n}`,
        gateway: CARRIER,
        username: 'carrier-user',
        enabled: true,
        bridge_id: 'b1',
        password: plain === null ? null : seal(ring, plain, trunkId(n)),
        gateway_revision: (versions.get(n) ?? 0) + 1,
        created_at: '2026-01-01T00:00:00.000Z',
        updated_at: '2026-01-01T00:00:00.000Z',
        ...rest,
      });
    },
    async publish(
      n: number,
      state: TrunkState | null,
      type: TrunkEvent['type'] = state === null ? 'TrunkDeleted' : 'TrunkCreated',
      traceparent?: string,
    ): Promise<void> {
      const version = (versions.get(n) ?? 0) + 1;
      versions.set(n, version);
      const event = trunkEvent(n, version, { state, type, traceparent });
      await jetstream(nc).publish(event.subject, JSON.stringify(event));
    },
    /** An agent's trunk part; several after each other on one disk are its restarts. */
    async startAgent(
      connecting: Promise<NatsConnection> = connectNats(nats.url, { name: 'agent', logger }),
      lookUps?: LookUpOptions,
    ): Promise<Gateways> {
      bridge.resolved = new ResolvedTrunks();
      bridge.gateways = await startAgentOn(
        { folder, agentDir, eslPort, lookUps, resolved: bridge.resolved },
        connecting,
        () => {
          bridge.gateways = undefined;
        },
      );
      return bridge.gateways;
    },
    async restartFreeSwitch(): Promise<void> {
      await bridge.standIn.stop();
      bridge.standIn = await startStandIn({ confDir, carriers });
    },
    async stop(): Promise<void> {
      await bridge.gateways?.stop();
      await watch.stop();
      await bridge.standIn.stop();
      await nc.close();
      await nats.stop();
      await rm(folder, { recursive: true, force: true });
    },
    names: () =>
      bridge.standIn
        .gateways()
        .map(({ name }) => name)
        .sort(),
    stateOf: (name: string) => bridge.standIn.gateways().find((gateway) => gateway.name === name)?.state,
  };
  return bridge;
}

async function prepareFreeSwitch(folder: string) {
  const eslPort = await freePort();
  const { prepare } = (await import(PREPARE)) as Prepare;
  const options = { sipIp: '127.0.0.1', eslPort, eslPassword: 'test-password' };
  return { eslPort, ...(await prepare(join(folder, 'conf'), options)) };
}

export type BridgeFixture = Awaited<ReturnType<typeof startBridge>>;

function trunkEvent(
  n: number,
  version: number,
  {
    state,
    type,
    traceparent,
  }: { state: TrunkState | null; type: TrunkEvent['type']; traceparent?: string | undefined },
) {
  const changes: Partial<Record<TrunkEvent['type'], object>> = {
    TrunkCredentialsChanged: { reason: 'changed' },
    TrunkUpdated: { fields: [] },
    TrunkPlaced: { bridge_id: state?.bridge_id ?? null, from: null },
  };
  return {
    specversion: '1.0',
    id: `0190a5b2-7c00-7000-8001-${String(n).padStart(6, '0')}${String(version).padStart(6, '0')}`,
    source: 'test',
    type,
    subject: trunkSubject(ORGANIZATION, trunkId(n)),
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    entityversion: version,
    ...(traceparent === undefined ? {} : { traceparent }),
    data: { change: changes[type] ?? {}, state },
  };
}

async function startAgentOn(
  host: {
    folder: string;
    agentDir: string;
    eslPort: number;
    lookUps: LookUpOptions | undefined;
    resolved: ResolvedTrunks;
  },
  connecting: Promise<NatsConnection>,
  onStopped: () => void,
): Promise<Gateways> {
  const link = createNatsLink(connecting);
  const esl = new EslClient({ host: '127.0.0.1', port: host.eslPort, password: 'test-password', logger });
  const gateways = await Gateways.start({
    bridge: { id: 'b1', pool: 'default' },
    profile: 'external',
    confDir: host.agentDir,
    stateDir: join(host.folder, 'state'),
    callSocket: { host: '127.0.0.1', port: 9090 },
    ring,
    link,
    esl,
    resolved: host.resolved,
    logger,
    allowPrivateGateways: false,
    ...(host.lookUps === undefined ? {} : { lookUps: host.lookUps }),
  });
  esl.start();
  const { stop } = gateways;
  gateways.stop = async () => {
    await stop.call(gateways);
    esl.stop();
    await link.connection?.close();
    onStopped();
  };
  return gateways;
}

function watchStatuses(nc: NatsConnection) {
  const bucket = openBucket(nc, { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger });
  const statuses = new Map<string, GatewayStatus>();
  const watch = bucket.watch({
    onPut: (_key, status) => statuses.set(status.trunk_id, status),
    onDelete: (key) => statuses.delete(key.split('.')[1]!),
  });
  return { statuses, watch };
}
