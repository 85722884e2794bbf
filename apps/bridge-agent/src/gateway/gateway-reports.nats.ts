import { gatewayName, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { ApplyTraces } from './apply-traces.otel.js';
import { hasArrived, statusOf, type GatewayProblem } from './gateway-status.js';
import { GatewayStatusPublisher } from './gateway-status.nats.js';
import type { SyncReport } from './gateway-sync.process.js';
import type { ObservedGateway, ObservedMap } from './observed.js';
import type { Remake } from './remake.js';
import type { TrunkFeed } from './trunk-feed.nats.js';
import { countByState, gatewaysByTrunk, refusedProblem } from './trunk-statuses.js';
import type { WantedGateways } from './wanted-gateways.net.js';

export interface GatewayReportsParts {
  bridgeId: string;
  link: NatsLink;
  logger: Logger;
  feed: TrunkFeed;
  wanted: WantedGateways;
  observed: ObservedMap;
  remakes: ReadonlyMap<string, Remake>;
  traces: ApplyTraces;
  /** Whether FreeSWITCH's current gateways are known. */
  inTouch(): boolean;
}

const STATUS_AFTER_MS = 20;

/** Publishes the visible state of this bridge's trunks: each change is checked soon and published if it is visible. */
export class GatewayReports {
  private readonly publisher: GatewayStatusPublisher;
  private readonly dirty = new Set<string>();
  private telling: NodeJS.Timeout | undefined;
  private refused: ReadonlySet<string> = new Set();

  constructor(private readonly parts: GatewayReportsParts) {
    const { link, bridgeId, logger } = parts;
    this.publisher = new GatewayStatusPublisher({
      link,
      bridgeId,
      logger,
      onLoaded: () => {
        for (const id of this.publisher.published()) this.changed(id);
      },
    });
  }

  changed(trunkId: string): void {
    this.dirty.add(trunkId);
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      this.tell();
    }, STATUS_AFTER_MS);
  }

  /** After each comparison with FreeSWITCH. */
  compared(report: SyncReport): void {
    const sameRefused = report.refused.size === 0 && this.refused.size === 0;
    this.refused = new Set(report.refused);
    if (report.listed || !sameRefused) this.tellAll();
  }

  states(): ReturnType<typeof countByState> {
    const { trunks } = this.parts.feed.desired;
    return countByState([...trunks.keys()].flatMap((id) => this.publisher.last(id) ?? []));
  }

  stopTelling(): void {
    clearTimeout(this.telling);
  }

  async stop(): Promise<void> {
    await this.publisher.stop();
  }

  private tellAll(): void {
    for (const id of [...this.parts.feed.desired.trunks.keys(), ...this.publisher.published()]) this.changed(id);
  }

  /** Only while both the actual and the desired state are known: otherwise all trunks would seem removed. */
  private tell(): void {
    const { feed, observed, inTouch } = this.parts;
    if (!inTouch() || !feed.known()) return;
    const gateways = gatewaysByTrunk(observed);
    const now = new Date().toISOString();
    for (const trunkId of this.dirty) this.tellOne(trunkId, gateways.get(trunkId) ?? [], now);
    this.dirty.clear();
  }

  private tellOne(trunkId: string, gateways: readonly ObservedGateway[], now: string): void {
    const { feed, traces } = this.parts;
    const trunk = feed.desired.trunks.get(trunkId)?.state;
    if (trunk !== undefined) return this.tellStatus(trunk, gateways, now);
    if (gateways.length > 0) return;
    this.publisher.gone(trunkId, now);
    traces.settled(trunkId, 'GONE');
  }

  private tellStatus(trunk: TrunkState, gateways: readonly ObservedGateway[], now: string): void {
    const { bridgeId, wanted, remakes, traces } = this.parts;
    const status = statusOf({
      trunk,
      bridgeId,
      gateways,
      problem: this.problemOf(trunk),
      remaking: remakes.get(gatewayName(trunk))?.was,
      now,
      last: this.publisher.last(trunk.id),
      addresses: wanted.addressesOf(trunk.id),
      hop: wanted.hopOf(trunk.id),
    });
    const arrived = hasArrived(status) ? traces.settled(trunk.id, status.state ?? 'PROBLEM') : undefined;
    this.publisher.note(status, arrived);
  }

  private problemOf(trunk: TrunkState): GatewayProblem | null {
    const { wanted, observed } = this.parts;
    const name = wanted.rendered.desired.get(trunk.id)?.name;
    const isRefused = name !== undefined && this.refused.has(name);
    return wanted.problemOf(trunk.id, observed.has(gatewayName(trunk))) ?? (isRefused ? refusedProblem(trunk) : null);
  }
}
