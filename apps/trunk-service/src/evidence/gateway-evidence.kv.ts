import { gatewayStatus, type GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { GATEWAYS_BUCKET, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { openBucket, type Watch } from '@trunkmesh/event-log/bucket.nats.js';
import { signal } from '@trunkmesh/event-log/signal.process.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { proveAddress } from '../address/prove.pg.js';
import { handle } from '../record/handle.pg.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { decide, trunkNotFound } from '../trunk/trunk.js';
import {
  forgetBridge,
  isNews,
  KEPT_MS,
  networksOf,
  noteAddresses,
  registeredNetwork,
  resolvedName,
  type ResolvedName,
} from './resolved-names.js';
import { settled } from './settled.js';

const BATCH = 200;
const RETRY_MS = 2_000;
const LOOK_MS = 10_000;
const PROVEN_MS = 10 * 60_000;

interface Parts {
  record: RecordStore;
  nats: OwnNatsLink;
  logger: Logger;
  allowPrivate: boolean;
}
interface Reported {
  name: ResolvedName;
  registered: Map<string, GatewayStatus>;
  heard: Map<string, string>;
}

/**
 * Records where the gateways' names lead, and what live registrations prove. Every copy of the service watches; what
 * one has recorded the others find done.
 */
export function startGatewayEvidence({ record, nats, logger, allowPrivate }: Parts): { stop(): Promise<void> } {
  const trunks = new Map<string, Reported>();
  const dirty = new Set<string>();
  const later = new Map<string, number>();
  const lately = settled();
  const attention = signal();
  let stopped = false;
  let watch: Watch | undefined;

  const reported = (trunkId: string): Reported => {
    const known = trunks.get(trunkId) ?? { name: resolvedName(), registered: new Map(), heard: new Map() };
    trunks.set(trunkId, known);
    return known;
  };
  const look = (trunkId: string) => {
    dirty.add(trunkId);
    attention.notify();
  };
  const hear = (status: GatewayStatus) => {
    const trunk = reported(status.trunk_id);
    const said = JSON.stringify([status.addresses, status.state === 'REGED' ? status.registered_address : null]);
    if (trunk.heard.get(status.bridge_id) === said) return;
    trunk.heard.set(status.bridge_id, said);
    noteAddresses(trunk.name, status.bridge_id, status.addresses, { now: Date.now(), allowPrivate });
    if (status.state === 'REGED' && status.registered_address) trunk.registered.set(status.bridge_id, status);
    else trunk.registered.delete(status.bridge_id);
    look(status.trunk_id);
  };
  const forget = (key: string) => {
    const [, trunkId = '', bridge = ''] = key.split('.');
    const trunk = trunks.get(trunkId);
    if (trunk === undefined) return;
    forgetBridge(trunk.name, bridge, Date.now());
    trunk.registered.delete(bridge);
    trunk.heard.delete(bridge);
    if (trunk.heard.size === 0) trunks.delete(trunkId);
    else look(trunkId);
  };

  const settle = async (trunk: TrunkState) => {
    const known = trunks.get(trunk.id);
    if (known === undefined) return;
    const networks = networksOf(known.name, Date.now());
    if (networks !== undefined && isNews(trunk, networks)) await resolveTrunk(record, trunk, networks);
    if (known.name.seen.size > new Set([...known.name.bridges.values()].flat()).size)
      later.set(trunk.id, Date.now() + KEPT_MS);
    for (const status of known.registered.values()) await proveRegistration(trunk, status);
  };
  const proveRegistration = async (trunk: TrunkState, status: GatewayStatus) => {
    const network = registeredNetwork(trunk, status, allowPrivate);
    const key = `${trunk.organization_id} ${network}`;
    if (network === undefined || lately.has(key, Date.now())) return;
    const evidence = { by: 'registration' as const, at: new Date().toISOString(), trunk_id: trunk.id, call_id: null };
    await proveAddress(record, { organization_id: trunk.organization_id, network, evidence });
    lately.add(key, Date.now() + PROVEN_MS);
  };
  const batch = async () => {
    const ids = [...dirty].slice(0, BATCH);
    const rows = await record.query<{ state: TrunkState }>('select state from trunks where id = any($1::uuid[])', [
      ids,
    ]);
    for (const { state } of rows) await settle(trunkState.parse(state));
    for (const id of ids) dirty.delete(id);
  };
  const run = async () => {
    while (!stopped) {
      for (const [id, at] of later)
        if (at <= Date.now()) {
          later.delete(id);
          dirty.add(id);
        }
      try {
        while (dirty.size > 0 && !stopped) await batch();
        await attention.wait(LOOK_MS);
      } catch (error) {
        logger.warn({ err: { message: (error as Error).message } }, 'cannot record where gateways lead; trying again');
        await attention.wait(RETRY_MS);
      }
    }
  };

  nats.ready
    .then((connection) => {
      if (stopped) return;
      watch = openBucket(connection, { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger }).watch({
        onPut: (_key, status) => hear(status),
        onDelete: forget,
        onReset: () => trunks.clear(),
      });
    })
    .catch((error: Error) => logger.error({ err: error }, 'cannot watch the gateways'));
  const running = record.opened.then(run).catch(() => undefined);
  return {
    stop: async () => {
      stopped = true;
      attention.notify();
      await watch?.stop();
      await running;
    },
  };
}

async function resolveTrunk(
  record: RecordStore,
  { organization_id, id }: TrunkState,
  networks: readonly string[],
): Promise<void> {
  await handle(record, { subject: trunkSubject(organization_id, id), schema: trunkState }, (state, next) => {
    if (state === null) throw trunkNotFound();
    return isNews(state, networks) ? decide(state, { type: 'ResolveTrunk', networks }, next) : [];
  }).catch((error: { code?: string }) => {
    if (error.code !== 'trunk-not-found') throw error;
  });
}
