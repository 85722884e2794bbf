import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { bridgeState, type BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { bridgeSubject, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { counter, gauge } from '@trunkmesh/runtime/metric.otel.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { loadOfBridges } from '../bridge/bridge-list.pg.js';
import { decide as decideBridge } from '../bridge/bridge.js';
import { LiveFleet } from '../bridge/live-fleet.pg.js';
import { handle, transact, type Work } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { decide as decideTrunk, type Place } from '../trunk/trunk.js';
import { placeOne, planMoves, type Move } from './placement.js';
import { restlessTrunks, strayTrunks, unplacedTrunks, type Candidate } from './placement-query.pg.js';

const TICK_MS = 1_000;
/** The exact loads and the rare reasons to move are looked at once in so many ticks. */
const SLOW_TICKS = 15;
/** Each is a trunk that others may change at the same time. */
const MOVES_PER_TRANSACTION = 200;
/**
 * Any number that nothing else of ours locks. Who holds it for a transaction plans and moves; the others see the
 * result.
 */
const PLACEMENT_LOCK = 7_102_003;

const placements = counter('trunkmesh_trunk_placements_total', 'Registering trunks given to a bridge, by reason');

/**
 * Registers bridges that report themselves for the first time, and gives every registering trunk to exactly one bridge.
 * Every copy of the service looks; one at a time acts. What it finds in the database decides, so that a crash in
 * between loses nothing and a copy that is cut off from NATS does nothing.
 */
@Injectable()
export class Placement implements OnApplicationBootstrap, OnApplicationShutdown {
  private load = new Map<string, number>();
  private unplaced = 0;
  private readonly stopping = new AbortController();
  private nap = new AbortController();
  private running: Promise<void> | undefined;
  private ungauge: (() => void)[] = [];

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly fleet: LiveFleet,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** For the transaction that creates, enables or changes a trunk. */
  readonly place: Place = (trunk) => {
    const to = placeOne(trunk, this.fleet.bridges(), this.load);
    // Until the exact loads are read again: a burst of new trunks must not all go to the same bridge.
    if (to !== null && to !== trunk.bridge_id) this.load.set(to, (this.load.get(to) ?? 0) + 1);
    return to;
  };

  onApplicationBootstrap(): void {
    this.ungauge = this.gauges();
    // A change of a bridge may ask for moves: look now, not at the next tick.
    this.fleet.onChange(() => this.nap.abort());
    this.store.opened
      .then(() => {
        this.running = this.run();
      })
      .catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
    for (const undo of this.ungauge) undo();
  }

  private gauges(): (() => void)[] {
    return [
      gauge('trunkmesh_bridges', 'Bridges by health', () =>
        countBy(
          this.fleet.bridges().filter(({ status }) => status !== 'retired'),
          ({ health }) => health,
        ).map(([health, value]) => ({ value, attributes: { health } })),
      ),
      gauge('trunkmesh_trunks_unplaced', 'Enabled registering trunks without a bridge', () => this.unplaced),
    ];
  }

  private async run(): Promise<void> {
    for (let ticks = 0; !this.stopping.signal.aborted; ticks += 1) {
      try {
        await this.tick(ticks % SLOW_TICKS === 0);
      } catch (error) {
        this.logger.warn({ err: { message: (error as Error).message } }, 'cannot check the placement of trunks');
      }
      await pause(TICK_MS, undefined, { signal: AbortSignal.any([this.nap.signal, this.stopping.signal]) }).catch(
        () => undefined,
      );
      this.nap = new AbortController();
    }
  }

  private async tick(slow: boolean): Promise<void> {
    const { fleet, store } = this;
    await fleet.refresh();
    const added = await registerBridges(store, fleet.unregistered(), this.logger);
    if (added > 0) await fleet.refresh();
    const thorough = slow || added > 0;
    if (thorough) [this.load, this.unplaced] = await Promise.all([loadOfBridges(store), unplacedTrunks(store)]);
    if (!fleet.isListening()) return;
    while ((await this.moveSome(thorough)) === MOVES_PER_TRANSACTION && !this.stopping.signal.aborted);
  }

  private async moveSome(thorough: boolean): Promise<number> {
    const { store } = this;
    const fleet = this.fleet.bridges();
    const candidates = [
      ...(await restlessTrunks(store, fleet, MOVES_PER_TRANSACTION)),
      ...(thorough ? await strayTrunks(store, MOVES_PER_TRANSACTION) : []),
    ];
    const moves = new Map<string, Candidate>(candidates.map((trunk) => [trunk.id, trunk]));
    if (moves.size === 0) return 0;
    this.load = await loadOfBridges(store);
    const plan = planMoves([...moves.values()], fleet, this.load).slice(0, MOVES_PER_TRANSACTION);
    const moved = await carryOut(
      store,
      plan.map((move) => ({ ...move, organization_id: moves.get(move.trunk_id)!.organization_id })),
    );
    if (moved.length > 0) report(moved, this.logger);
    this.load = await loadOfBridges(store);
    return moved.length;
  }
}

async function registerBridges(
  store: EventStore,
  heartbeats: readonly BridgeHeartbeat[],
  logger: Logger,
): Promise<number> {
  for (const { bridge_id: id, pool, sip_address } of heartbeats) {
    await handle(store, { subject: bridgeSubject(id), schema: bridgeState }, (state, { at }) =>
      decideBridge(state, { type: 'RegisterBridge', id, pool, sip_address, at }),
    );
    logger.info({ bridge_id: id, pool, sip_address }, 'registered a bridge');
  }
  return heartbeats.length;
}

type OwnedMove = Move & { organization_id: string };

/**
 * What was planned on the read models is decided on the entities: a trunk that changed meanwhile is left for the next
 * look.
 */
function carryOut(store: EventStore, plan: readonly OwnedMove[]): Promise<OwnedMove[]> {
  if (plan.length === 0) return Promise.resolve([]);
  return transact(store, async (work: Work) => {
    const [lock] = await work.manager.query<{ mine: boolean }[]>('select pg_try_advisory_xact_lock($1) as mine', [
      PLACEMENT_LOCK,
    ]);
    if (!lock?.mine) return [];
    const subjects = new Map(plan.map((move) => [trunkSubject(move.organization_id, move.trunk_id), move]));
    const loaded = await work.loadMany<TrunkState>([...subjects.keys()], trunkState);
    const moved: OwnedMove[] = [];
    for (const [subject, before] of loaded) {
      const move = subjects.get(subject)!;
      if (before.state === null || before.state.bridge_id !== move.from) continue;
      const events = decideTrunk(before.state, { type: 'PlaceTrunk', bridge_id: move.to }, work.next(before));
      work.append(before, events);
      if (events.length > 0) moved.push(move);
    }
    return moved;
  });
}

function report(moved: readonly OwnedMove[], logger: Logger): void {
  for (const [why, count] of countBy(moved, (move) => move.why)) placements.add(count, { why });
  const ways = countBy(moved, ({ why, from, to }) => `${why}: ${from ?? 'none'} to ${to ?? 'none'}`);
  logger.info({ moves: ways.map(([way, count]) => `${way} (${count})`) }, 'placed trunks');
}

function countBy<Item>(items: readonly Item[], kindOf: (item: Item) => string): [kind: string, count: number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(kindOf(item), (counts.get(kindOf(item)) ?? 0) + 1);
  return [...counts];
}
