import type { BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EslClient, EslListener } from '../esl/esl-client.net.js';
import type { EslEvent, EslLogLine } from '../esl/esl-event.js';
import type { ResolvedTrunks } from '../route/resolved-trunks.js';
import { applyTraces, type ApplyTraces } from './apply-traces.otel.js';
import { desiredSnapshot } from './desired-snapshot.fs.js';
import type { BridgeIdentity } from '../bridge/bridge-identity.js';
import { renderDialplan } from './dialplan-xml.js';
import { freeSwitchGateways, type FreeSwitchGateways } from './freeswitch.net.js';
import { refusedAddressOf } from './freeswitch-reply.js';
import type { LookUpOptions } from './gateway-address.net.js';
import { GatewayEvents } from './gateway-events.net.js';
import { openGatewayFiles, type GatewayFiles } from './gateway-files.fs.js';
import { observeGateways, refusals, reloads, reloadSeconds } from './gateway-metrics.otel.js';
import { GatewayReports } from './gateway-reports.nats.js';
import { GatewaySync } from './gateway-sync.process.js';
import type { ObservedMap } from './observed.js';
import { noteRefused, refusedList, type RefusedAddresses } from './refused-addresses.js';
import type { SyncInput } from './reloads.process.js';
import type { Remake } from './remake.js';
import { TrunkFeed } from './trunk-feed.nats.js';
import { verificationOf } from './verification.fs.js';
import { WantedGateways } from './wanted-gateways.net.js';

export interface GatewaysOptions {
  bridge: BridgeIdentity;
  /** FreeSWITCH's SIP profile for the trunks. */
  profile: string;
  confDir: string;
  stateDir: string;
  callSocket: { host: string; port: number };
  ring: KeyRing;
  /** Whether gateways' host names may resolve to private addresses. */
  allowPrivateGateways: boolean;
  lookUps?: LookUpOptions;
  link: NatsLink;
  /** Not started yet. */
  esl: EslClient;
  resolved: ResolvedTrunks;
  logger: Logger;
}

/** `CUSTOM` events that concern gateways. */
const GATEWAY_EVENTS = [
  'sofia::gateway_state',
  'sofia::gateway_add',
  'sofia::gateway_delete',
  'sofia::profile_start',
] as const;
/** Warnings, because the access list's refusals appear only there. */
const GATEWAY_LOG_LEVEL = 4;

const ASK_PROFILE_MS = 10_000;

type Loaded = { feed: TrunkFeed; files: GatewayFiles };

/** The trunks of this host, from the event log to FreeSWITCH's gateways and back to the published state. */
export class Gateways implements EslListener {
  readonly customEvents = GATEWAY_EVENTS;
  readonly logLevel = GATEWAY_LOG_LEVEL;
  private readonly observed: ObservedMap = new Map();
  private readonly remakes = new Map<string, Remake>();
  private readonly refusedAddresses: RefusedAddresses = new Map();
  private readonly feed: TrunkFeed;
  private readonly freeswitch: FreeSwitchGateways;
  private readonly traces: ApplyTraces;
  private readonly wanted: WantedGateways;
  private readonly reports: GatewayReports;
  private readonly sync: GatewaySync;
  private readonly gatewayEvents: GatewayEvents;
  private readonly stopObserving: () => void;
  private readonly asking: NodeJS.Timeout;
  private readonly health = { version: null as string | null, profileRunning: false, since: null as string | null };
  private concernedAt = 0;
  readonly rendered = () => this.wanted.rendered;
  readonly refusesCertificate = (trunkId: string) => this.wanted.refusesCertificate(trunkId);
  readonly organizationOf = (trunkId: string) => this.feed.desired.trunks.get(trunkId)?.state.organization_id;

  static async start(options: GatewaysOptions): Promise<Gateways> {
    const { link, bridge, logger, stateDir, confDir } = options;
    const files = await openGatewayFiles(confDir);
    const feed = await TrunkFeed.load({ link, bridge, logger, snapshot: desiredSnapshot(stateDir, bridge) });
    const gateways = new Gateways(options, { feed, files });
    gateways.begin();
    options.esl.listen(gateways);
    return gateways;
  }

  private constructor(
    private readonly options: GatewaysOptions,
    { feed, files }: Loaded,
  ) {
    const { bridge, link, esl, logger } = options;
    const { observed, remakes } = this;
    this.feed = feed;
    this.freeswitch = freeSwitchGateways(esl, options.profile, GATEWAY_LOG_LEVEL);
    this.traces = applyTraces(bridge.id);
    this.wanted = new WantedGateways({
      ...{ ring: options.ring, allowPrivate: options.allowPrivateGateways, lookUps: options.lookUps },
      ...{ resolved: options.resolved, logger },
      trunkOf: (trunkId) => feed.desired.trunks.get(trunkId)?.state,
      fileOf: (trunkId) => files.known().get(trunkId),
      onChange: (ids) => {
        for (const id of ids) this.reports.changed(id);
        this.sync.wake();
      },
    });
    const { wanted, traces, freeswitch } = this;
    this.reports = new GatewayReports({
      ...{ bridgeId: bridge.id, link, logger, feed, wanted, observed, remakes, traces },
      inTouch: () => this.sync.inTouch(),
    });
    this.sync = new GatewaySync({
      ...{ observed, remakes, files, freeswitch, logger },
      connected: () => esl.connected,
      input: this.inputWith(renderDialplan(options.callSocket)),
      onReload: (what, ok, tookMs) => {
        reloads.add(1, { kind: what, outcome: ok ? 'success' : 'failure' });
        reloadSeconds.record(tookMs / 1_000, { kind: what });
        traces.happened(what, { ok, took_ms: Math.round(tookMs) });
      },
      onCycle: (report) => {
        this.reports.compared(report);
        wanted.tidy();
      },
    });
    const { reports, sync } = this;
    this.gatewayEvents = new GatewayEvents({
      ...{ observed, remakes, feed, wanted, reports, sync },
      onProfileStart: () => void this.ask(),
    });
    this.stopObserving = observeGateways({
      byState: () => reports.states(),
      drift: () => sync.drift(),
      behind: () => feed.position() - this.appliedPosition(),
    });
    this.asking = setInterval(() => {
      if (esl.connected) void this.ask();
    }, ASK_PROFILE_MS);
  }

  onUp(): void {
    this.health.version = null;
    this.health.since = new Date().toISOString();
    this.sync.reconnected();
    void this.ask();
  }

  onDown(): void {
    this.health.profileRunning = false;
    this.health.since = new Date().toISOString();
  }

  onEvent(event: EslEvent): void {
    this.gatewayEvents.take(event, Date.now());
  }

  onLog(line: EslLogLine): void {
    const address = refusedAddressOf(line.text);
    if (address === undefined) return;
    refusals.add();
    noteRefused(this.refusedAddresses, address, new Date().toISOString());
  }

  heartbeat(): Pick<
    BridgeHeartbeat,
    'freeswitch' | 'gateways' | 'seen_position' | 'applied_position' | 'drift' | 'last_reload' | 'refused_addresses'
  > {
    const { version, profileRunning, since } = this.health;
    return {
      freeswitch: { connected: this.options.esl.connected, version, profile_running: profileRunning, since },
      gateways: this.reports.states(),
      seen_position: this.feed.position(),
      applied_position: this.appliedPosition(),
      drift: this.sync.drift(),
      last_reload: this.sync.lastReload(),
      refused_addresses: refusedList(this.refusedAddresses),
    };
  }

  /**
   * The log of a new mesh is empty. Nothing is removed because of an empty log, but the agent need not wait for more.
   */
  readiness(): string {
    return this.feed.known() || this.feed.caughtUp()
      ? 'up'
      : "waiting for the event log: this bridge's trunks are not known yet";
  }

  async stop(): Promise<void> {
    clearInterval(this.asking);
    this.reports.stopTelling();
    this.stopObserving();
    this.traces.stop();
    this.wanted.stop();
    await this.sync.stop();
    await this.feed.stop();
    await this.reports.stop();
  }

  private begin(): void {
    for (const trunkId of this.feed.desired.trunks.keys()) this.wanted.take(trunkId);
    this.feed.follow({
      onTrunk: (trunkId, traceparent, position) => this.trunkChanged(trunkId, traceparent, position),
      onCaughtUp: () => this.sync.wake(),
    });
    this.sync.wake();
  }

  private trunkChanged(trunkId: string, traceparent: string | null, position: number): void {
    const { feed } = this;
    this.concernedAt = position;
    this.wanted.take(trunkId);
    if (traceparent !== null && feed.caughtUp())
      this.traces.begin(trunkId, traceparent, feed.desired.trunks.get(trunkId)?.state.gateway_revision ?? null);
    this.reports.changed(trunkId);
    if (feed.known()) this.sync.wake();
  }

  /** A copy each time: changes during a comparison belong to the next one. */
  private inputWith(dialplan: string): () => SyncInput {
    const { feed, wanted } = this;
    const { rendered } = wanted;
    return () => ({
      known: feed.known(),
      position: feed.position(),
      acl: () => wanted.acl(feed.desired.trunks.keys()),
      dialplan,
      desired: new Map(rendered.desired),
      held: rendered.held(),
      takenDown: rendered.takenDown(),
    });
  }

  /** Newer log positions may belong to other bridges. */
  private appliedPosition(): number {
    const applied = this.sync.appliedPosition();
    return applied >= this.concernedAt ? this.feed.position() : applied;
  }

  private async ask(): Promise<void> {
    this.health.profileRunning = await this.freeswitch.profileRunning();
    this.health.version ??= await this.freeswitch.version();
    this.wanted.verifies(await verificationOf(this.options.esl));
  }
}
