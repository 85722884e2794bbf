import { gatewayStatus, type GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { GATEWAYS_BUCKET, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { openBucket, type Watch } from '@trunkmesh/event-log/bucket.nats.js';
import { signal } from '@trunkmesh/event-log/signal.process.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { proveAddress } from '../address/prove.pg.js';
import { handle } from '../event-store/handle.pg.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
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

const TRUNKS_PER_BATCH = 200;
const RETRY_MS = 2_000;
const LOOK_MS = 10_000;
const PROVEN_MS = 10 * 60_000;

interface Parts {
  store: EventStore;
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
export class GatewayEvidence {
  private readonly trunks = new Map<string, Reported>();
  private readonly dirty = new Set<string>();
  private readonly later = new Map<string, number>();
  private readonly lately = settled();
  private readonly attention = signal();
  private readonly running: Promise<void>;
  private stopped = false;
  private watch: Watch | undefined;

  constructor(private readonly parts: Parts) {
    const { nats, store, logger } = parts;
    nats.ready
      .then((connection) => {
        if (this.stopped) return;
        this.watch = openBucket(connection, { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger }).watch({
          onPut: (_key, status) => this.hear(status),
          onDelete: (key) => this.forget(key),
          onReset: () => this.trunks.clear(),
        });
      })
      .catch((error: Error) => logger.error({ err: error }, 'cannot watch the gateways'));
    this.running = store.opened.then(() => this.run()).catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.attention.notify();
    await this.watch?.stop();
    await this.running;
  }

  private hear(status: GatewayStatus): void {
    const trunk = this.reported(status.trunk_id);
    const said = JSON.stringify([status.addresses, status.state === 'REGED' ? status.registered_address : null]);
    if (trunk.heard.get(status.bridge_id) === said) return;
    trunk.heard.set(status.bridge_id, said);
    const { allowPrivate } = this.parts;
    noteAddresses(trunk.name, status.bridge_id, status.addresses, { now: Date.now(), allowPrivate });
    if (status.state === 'REGED' && status.registered_address) trunk.registered.set(status.bridge_id, status);
    else trunk.registered.delete(status.bridge_id);
    this.look(status.trunk_id);
  }

  private forget(key: string): void {
    const [, trunkId = '', bridge = ''] = key.split('.');
    const trunk = this.trunks.get(trunkId);
    if (trunk === undefined) return;
    forgetBridge(trunk.name, bridge, Date.now());
    trunk.registered.delete(bridge);
    trunk.heard.delete(bridge);
    if (trunk.heard.size === 0) this.trunks.delete(trunkId);
    else this.look(trunkId);
  }

  private reported(trunkId: string): Reported {
    const known = this.trunks.get(trunkId) ?? { name: resolvedName(), registered: new Map(), heard: new Map() };
    this.trunks.set(trunkId, known);
    return known;
  }

  private look(trunkId: string): void {
    this.dirty.add(trunkId);
    this.attention.notify();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.takeDue(Date.now());
      try {
        while (this.dirty.size > 0 && !this.stopped) await this.batch();
        await this.attention.wait(LOOK_MS);
      } catch (error) {
        this.parts.logger.warn(
          { err: { message: (error as Error).message } },
          'cannot record where gateways lead; trying again',
        );
        await this.attention.wait(RETRY_MS);
      }
    }
  }

  private takeDue(now: number): void {
    for (const [id, at] of this.later) {
      if (at > now) continue;
      this.later.delete(id);
      this.dirty.add(id);
    }
  }

  private async batch(): Promise<void> {
    const ids = [...this.dirty].slice(0, TRUNKS_PER_BATCH);
    const rows = await this.parts.store.query<{ state: TrunkState }>(
      'select state from trunks where id = any($1::uuid[])',
      [ids],
    );
    for (const { state } of rows) await this.settle(trunkState.parse(state));
    for (const id of ids) this.dirty.delete(id);
  }

  private async settle(trunk: TrunkState): Promise<void> {
    const known = this.trunks.get(trunk.id);
    if (known === undefined) return;
    const networks = networksOf(known.name, Date.now());
    if (networks !== undefined && isNews(trunk, networks)) await resolveTrunk(this.parts.store, trunk, networks);
    if (known.name.seen.size > new Set([...known.name.bridges.values()].flat()).size)
      this.later.set(trunk.id, Date.now() + KEPT_MS);
    for (const status of known.registered.values()) await this.proveRegistration(trunk, status);
  }

  private async proveRegistration(trunk: TrunkState, status: GatewayStatus): Promise<void> {
    const network = registeredNetwork(trunk, status, this.parts.allowPrivate);
    const key = `${trunk.organization_id} ${network}`;
    if (network === undefined || this.lately.has(key, Date.now())) return;
    const evidence = { by: 'registration' as const, at: new Date().toISOString(), trunk_id: trunk.id, call_id: null };
    await proveAddress(this.parts.store, { organization_id: trunk.organization_id, network, evidence });
    this.lately.add(key, Date.now() + PROVEN_MS);
  }
}

async function resolveTrunk(
  store: EventStore,
  { organization_id, id }: TrunkState,
  networks: readonly string[],
): Promise<void> {
  await handle(store, { subject: trunkSubject(organization_id, id), schema: trunkState }, (state, next) => {
    if (state === null) throw trunkNotFound();
    return isNews(state, networks) ? decide(state, { type: 'ResolveTrunk', networks }, next) : [];
  }).catch((error: { code?: string }) => {
    if (error.code !== 'trunk-not-found') throw error;
  });
}
