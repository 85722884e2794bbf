import { openBucket, type Bucket } from '@trunkmesh/event-log/bucket.nats.js';
import {
  bridgeHeartbeat,
  gatewayStatus,
  type BridgeHeartbeat,
  type GatewayStatus,
} from '@trunkmesh/contracts/bridge.js';
import { BRIDGES_BUCKET, bridgeKey, GATEWAYS_BUCKET, gatewayKey } from '@trunkmesh/contracts/subjects.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Mesh } from './mesh.fixture.js';

/** What a bridge-agent says, said by a test. */
export interface SpokenBridge {
  id: string;
  /** One heartbeat now, and then several a second until it is silenced. */
  speak(over?: Partial<BridgeHeartbeat>): Promise<void>;
  silence(): void;
  report(
    trunk: Pick<TrunkState, 'id' | 'organization_id' | 'gateway_revision'>,
    over?: Partial<GatewayStatus>,
  ): Promise<void>;
  forget(trunk: Pick<TrunkState, 'id' | 'organization_id'>): Promise<void>;
}

const EVERY_MS = 300;

export async function speakForBridges(url: string) {
  const logger = createLogger('test', { level: 'silent' });
  const nc = await connectNats(url, { name: 'bridges', logger });
  const beats = openBucket(nc, { name: BRIDGES_BUCKET, schema: bridgeHeartbeat, logger });
  const gateways = openBucket(nc, { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger });
  const timers = new Set<NodeJS.Timeout>();
  // The service under test makes the buckets.
  for (const bucket of [beats, gateways]) await eventually(() => bucket.delete('nobody').then(() => true));
  return {
    bridge: (id: string, fixed: Partial<BridgeHeartbeat> = {}): SpokenBridge =>
      spoken(id, fixed, { beats, gateways, timers }),
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await nc.close();
    },
  };
}

/** A trunk-service, and one bridge that it knows as alive. */
export async function startMeshAndBridge(): Promise<{ mesh: Mesh; bridge: SpokenBridge; stop(): Promise<void> }> {
  const mesh = await startMesh();
  const voices = await speakForBridges(mesh.nats.url);
  const bridge = voices.bridge('b1');
  await bridge.speak();
  await eventually(async () => (await mesh.operator('GET', '/api/v1/bridges/b1')).body.alive === true);
  return {
    mesh,
    bridge,
    stop: async () => {
      await voices.stop();
      await mesh.stop();
    },
  };
}

interface Voice {
  beats: Bucket<BridgeHeartbeat>;
  gateways: Bucket<GatewayStatus>;
  timers: Set<NodeJS.Timeout>;
}

function spoken(id: string, fixed: Partial<BridgeHeartbeat>, { beats, gateways, timers }: Voice): SpokenBridge {
  let timer: NodeJS.Timeout | undefined;
  const silence = () => {
    if (timer) {
      clearInterval(timer);
      timers.delete(timer);
    }
  };
  return {
    id,
    silence,
    speak: async (over = {}) => {
      silence();
      const say = () => beats.put(bridgeKey(id), heartbeatOf(id, { ...fixed, ...over }));
      await say();
      timer = setInterval(() => {
        say().catch(() => undefined);
      }, EVERY_MS);
      timers.add(timer);
    },
    report: ({ id: trunk_id, organization_id, gateway_revision }, over = {}) =>
      gateways.put(gatewayKey(organization_id, trunk_id, id), {
        organization_id,
        trunk_id,
        bridge_id: id,
        applied_revision: gateway_revision,
        desired_revision: gateway_revision,
        error: null,
        state: 'REGED',
        sip_status: 200,
        sip_phrase: 'OK',
        ping: null,
        since: new Date().toISOString(),
        updated_at: new Date().toISOString(),
        ...over,
      }),
    forget: (trunk) => gateways.delete(gatewayKey(trunk.organization_id, trunk.id, id)),
  };
}

function heartbeatOf(id: string, over: Partial<BridgeHeartbeat>): BridgeHeartbeat {
  const at = new Date().toISOString();
  return {
    bridge_id: id,
    pool: 'default',
    sip_address: `${id.toLowerCase()}.example.com`,
    agent_version: '0.1.0',
    started_at: at,
    at,
    freeswitch: { connected: true, version: '1.10.12', profile_running: true, since: at },
    gateways: { REGED: 1 },
    calls: 0,
    seen_position: 0,
    applied_position: 0,
    drift: 0,
    last_reload: null,
    refused_addresses: [{ address: '192.0.2.9', count: 3, first_at: at, last_at: at }],
    unconfirmed_records: 0,
    ...over,
  };
}
