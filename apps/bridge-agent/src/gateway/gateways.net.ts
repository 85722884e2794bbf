import type { BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { gatewayName, parseGatewayName, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EslClient } from '../esl/esl-client.net.js';
import type { EslEvent, EslLogLine } from '../esl/esl-event.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { applyTraces } from './apply-traces.otel.js';
import { desiredSnapshot } from './desired-snapshot.fs.js';
import type { BridgeIdentity } from './desired.js';
import { renderDialplan } from './dialplan-xml.js';
import { freeSwitchGateways } from './freeswitch.net.js';
import { gatewayStateOf, refusedAddressOf } from './freeswitch-reply.js';
import { openGatewayFiles } from './gateway-files.fs.js';
import { hasArrived, statusOf, type GatewayProblem } from './gateway-status.js';
import { startGatewayStatusPublisher } from './gateway-status.nats.js';
import { startGatewaySync } from './gateway-sync.process.js';
import { observeGateways, refusals, reloads, reloadSeconds } from './gateway-metrics.otel.js';
import { noteAdded, noteDeleted, noteState, type ObservedGateway, type ObservedMap } from './observed.js';
import { noteRefused, refusedList, type RefusedAddresses } from './refused-addresses.js';
import { sendsNothing, type Remake } from './remake.js';
import { startTrunkFeed } from './trunk-feed.nats.js';
import { countByState, gatewaysByTrunk, refusedProblem } from './trunk-statuses.js';
import { WantedGateways } from './wanted-gateways.net.js';

export interface GatewaysOptions {
  bridge: BridgeIdentity;
  /** FreeSWITCH's profile that the trunks live in. */
  profile: string;
  confDir: string;
  stateDir: string;
  callSocket: { host: string; port: number };
  ring: KeyRing;
  /** Whether gateways' host names may lead into private networks. */
  allowPrivateGateways: boolean;
  /** For tests; absent: the host's own. */
  nameServers?: readonly string[];
  link: NatsLink;
  esl: EslClient;
  logger: Logger;
}

/** Everything about trunks on this host, from the log to FreeSWITCH's gateway and back to what readers see. */
export interface Gateways {
  onUp(): void;
  onDown(): void;
  onEvent(event: EslEvent): void;
  onLog(line: EslLogLine): void;
  /** Trunks whose gateway's host name leads to this address now, and whose recorded claims do not say so. */
  trunksByAddress(address: string): string[];
  heartbeat(): Pick<
    BridgeHeartbeat,
    'freeswitch' | 'gateways' | 'seen_position' | 'applied_position' | 'drift' | 'last_reload' | 'refused_addresses'
  >;
  readiness(): string;
  stop(): Promise<void>;
}

/** What the event socket has to be subscribed to; `CUSTOM` takes all names after it. */
export const GATEWAY_EVENTS = [
  'CUSTOM',
  'sofia::gateway_state',
  'sofia::gateway_add',
  'sofia::gateway_delete',
  'sofia::profile_start',
] as const;
/** Warnings: the access list's refusals are nowhere else. */
export const GATEWAY_LOG_LEVEL = 4;

const STATUS_AFTER_MS = 20;
const ASK_PROFILE_MS = 10_000;

export async function startGateways(options: GatewaysOptions): Promise<Gateways> {
  const { bridge, link, esl, logger } = options;
  const observed: ObservedMap = new Map();
  const remakes = new Map<string, Remake>();
  const refused: RefusedAddresses = new Map();
  const traces = applyTraces(bridge.id);
  const freeswitch = freeSwitchGateways(esl, options.profile, GATEWAY_LOG_LEVEL);
  const files = await openGatewayFiles(options.confDir);
  const dialplan = renderDialplan(options.callSocket);
  const health = { version: null as string | null, profileRunning: false, since: null as string | null };
  let concernedAt = 0;
  /** What the log said since FreeSWITCH was last brought up to date may be of other bridges. */
  const appliedPosition = () => (sync.appliedPosition() >= concernedAt ? feed.position() : sync.appliedPosition());
  let refusedGateways: ReadonlySet<string> = new Set();

  // ---- what shall be
  const wanted = new WantedGateways({
    ring: options.ring,
    allowPrivate: options.allowPrivateGateways,
    nameServers: options.nameServers,
    logger,
    trunkOf: (trunkId) => feed.desired.trunks.get(trunkId)?.state,
    fileOf: (trunkId) => files.known().get(trunkId),
    onChange(ids) {
      ids.forEach(changed);
      sync.wake();
    },
  });
  const { rendered } = wanted;
  const acl = (): string => wanted.acl(feed.desired.trunks.keys());

  const feed = await startTrunkFeed({
    link,
    bridge,
    logger,
    snapshot: desiredSnapshot(options.stateDir, bridge),
    onTrunk(trunkId, traceparent, position) {
      concernedAt = position;
      wanted.take(trunkId);
      if (traceparent !== null && feed.caughtUp())
        traces.begin(trunkId, traceparent, feed.desired.trunks.get(trunkId)?.state.gateway_revision ?? null);
      changed(trunkId);
      if (feed.known()) sync.wake();
    },
    onCaughtUp: () => {
      sync.wake();
    },
  });

  // ---- what readers see
  const publisher = startGatewayStatusPublisher({
    link,
    bridgeId: bridge.id,
    logger,
    onLoaded: () => {
      for (const id of publisher.published()) changed(id);
    },
  });
  const dirty = new Set<string>();
  let telling: NodeJS.Timeout | undefined;
  const changed = (trunkId: string): void => {
    dirty.add(trunkId);
    telling ??= setTimeout(() => {
      telling = undefined;
      tell();
    }, STATUS_AFTER_MS);
  };
  const problemOf = (trunkId: string): GatewayProblem | null => {
    const trunk = feed.desired.trunks.get(trunkId)?.state;
    const name = rendered.desired.get(trunkId)?.name;
    if (trunk === undefined) return null;
    return (
      wanted.problemOf(trunkId, observed.has(gatewayName(trunk))) ??
      (name !== undefined && refusedGateways.has(name) ? refusedProblem(trunk) : null)
    );
  };
  /** Only while it is known what FreeSWITCH has and what it shall have: otherwise all would seem gone. */
  const tell = (): void => {
    if (!sync.inTouch() || !feed.known()) return;
    const gateways = gatewaysByTrunk(observed);
    const now = new Date().toISOString();
    for (const trunkId of dirty) tellOne(trunkId, gateways.get(trunkId) ?? [], now);
    dirty.clear();
  };
  const tellOne = (trunkId: string, of: readonly ObservedGateway[], now: string): void => {
    const trunk = feed.desired.trunks.get(trunkId)?.state;
    if (trunk !== undefined) {
      const status = statusOf({
        trunk,
        bridgeId: bridge.id,
        gateways: of,
        problem: problemOf(trunkId),
        remaking: remakingOf(trunk),
        now,
        last: publisher.last(trunkId),
        addresses: wanted.addressesOf(trunkId),
        hop: wanted.hopOf(trunkId),
      });
      publisher.note(status, hasArrived(status) ? traces.settled(trunkId, status.state ?? 'PROBLEM') : undefined);
    } else if (of.length === 0) {
      publisher.gone(trunkId, now);
      traces.settled(trunkId, 'GONE');
    }
  };
  const remakingOf = (trunk: TrunkState) => remakes.get(gatewayName(trunk))?.was;
  const tellAll = (): void => {
    for (const id of [...feed.desired.trunks.keys(), ...publisher.published()]) changed(id);
  };

  // ---- the comparison
  const sync = startGatewaySync({
    observed,
    remakes,
    files,
    freeswitch,
    logger,
    connected: () => esl.connected,
    // A copy: what arrives while the comparison is under way belongs to the next.
    input: () => ({
      known: feed.known(),
      position: feed.position(),
      acl,
      dialplan,
      desired: new Map(rendered.desired),
      held: rendered.held(),
      takenDown: rendered.takenDown(),
    }),
    onReload(what, ok, tookMs) {
      reloads.add(1, { kind: what, outcome: ok ? 'success' : 'failure' });
      reloadSeconds.record(tookMs / 1_000, { kind: what });
      traces.happened(what, { ok, took_ms: Math.round(tookMs) });
    },
    onCycle(report) {
      const sameRefused = report.refused.size === 0 && refusedGateways.size === 0;
      refusedGateways = new Set(report.refused);
      if (report.listed || !sameRefused) tellAll();
      wanted.tidy();
    },
  });
  const stopObserving = observeGateways({
    byState: () => states(),
    drift: sync.drift,
    behind: () => feed.position() - appliedPosition(),
  });
  const states = () => countByState([...feed.desired.trunks.keys()].flatMap((id) => publisher.last(id) ?? []));

  const ask = async (): Promise<void> => {
    health.profileRunning = await freeswitch.profileRunning();
    health.version ??= await freeswitch.version();
  };
  const asking = setInterval(() => {
    if (esl.connected) void ask();
  }, ASK_PROFILE_MS);

  const onGatewayEvent: Record<string, (event: EslEvent, now: number) => void> = {
    'sofia::gateway_state'(event, now) {
      const seen = gatewayStateOf(event);
      if (seen === undefined) return;
      noteState(observed, seen, now);
      touched(seen.name);
      wanted.noteState(seen);
      // Of a gateway that shall go: what waited for the end of its attempt can go on.
      if ((seen.state !== 'TRYING' && isLeaving(seen.name)) || sendsNothing(seen)) sync.wake();
    },
    'sofia::gateway_add'(event, now) {
      const name = event.headers.get('Gateway');
      const trunkId = name === undefined ? undefined : parseGatewayName(name)?.id;
      if (name === undefined || observed.has(name)) return;
      const registers = trunkId === undefined || feed.desired.trunks.get(trunkId)?.state.register !== false;
      noteAdded(
        observed,
        { name, state: registers ? 'UNREGED' : 'NOREG', up: !registers },
        now,
        remakes.get(name)?.was,
      );
      touched(name);
    },
    'sofia::gateway_delete'(event) {
      const name = event.headers.get('Gateway');
      if (name === undefined) return;
      noteDeleted(observed, name);
      touched(name);
      sync.wake();
    },
    // The profile was restarted: its gateways are others now.
    'sofia::profile_start'() {
      sync.reconnected();
      void ask();
    },
  };
  const isLeaving = (name: string): boolean => {
    const trunkId = parseGatewayName(name)?.id;
    return (
      trunkId !== undefined && rendered.desired.get(trunkId)?.name !== name && observed.get(name)?.killed === false
    );
  };
  const touched = (name: string): void => {
    const trunkId = parseGatewayName(name)?.id;
    if (trunkId !== undefined) changed(trunkId);
  };

  for (const trunkId of feed.desired.trunks.keys()) wanted.take(trunkId);
  sync.wake();

  return {
    onUp() {
      Object.assign(health, { version: null, since: new Date().toISOString() });
      sync.reconnected();
      void ask();
    },
    onDown() {
      Object.assign(health, { profileRunning: false, since: new Date().toISOString() });
    },
    onEvent(event) {
      if (event.subclass !== null) onGatewayEvent[event.subclass]?.(event, Date.now());
    },
    onLog(line) {
      const address = refusedAddressOf(line.text);
      if (address === undefined) return;
      refusals.add();
      noteRefused(refused, address, new Date().toISOString());
    },
    trunksByAddress: (address) => wanted.trunksByAddress(address),
    heartbeat: () => ({
      freeswitch: {
        connected: esl.connected,
        version: health.version,
        profile_running: health.profileRunning,
        since: health.since,
      },
      gateways: states(),
      seen_position: feed.position(),
      applied_position: appliedPosition(),
      drift: sync.drift(),
      last_reload: sync.lastReload(),
      refused_addresses: refusedList(refused),
    }),
    // A new mesh's log is empty: it was read, and that nothing is taken away because of it is no reason to wait.
    readiness: () =>
      feed.known() || feed.caughtUp() ? 'up' : 'waiting for the log: it is not known yet which trunks live here',
    async stop() {
      clearInterval(asking);
      clearTimeout(telling);
      stopObserving();
      traces.stop();
      wanted.stop();
      await sync.stop();
      await feed.stop();
      await publisher.stop();
    },
  };
}
