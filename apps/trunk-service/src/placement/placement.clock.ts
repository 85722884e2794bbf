import { setTimeout as pause } from 'node:timers/promises';
import { bridgeState, type BridgeHeartbeat, type BridgeState } from '@trunkmesh/contracts/bridge.js';
import { bridgeSubject, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { counter, gauge } from '@trunkmesh/runtime/metric.otel.js';
import { listBridges } from '../bridge/bridge-list.pg.js';
import { decide as decideBridge } from '../bridge/bridge.js';
import { fleetOf, unregistered, type FleetBridge } from '../bridge/fleet.js';
import type { Heartbeats } from '../bridge/heartbeats.kv.js';
import { handle, transact, type Work } from '../record/handle.pg.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { decide as decideTrunk, type Place } from '../trunk/trunk.js';
import { placeOne, planMoves, type Move } from './placement.js';
import { loadOfBridges, restlessTrunks, strayTrunks, unplacedTrunks, type Candidate } from './placement-query.pg.js';

export interface Placement {
  /** For the transaction that creates, enables or changes a trunk. */
  place: Place;
  /** The fleet as this instance sees it now. */
  bridges(): FleetBridge[];
  /** The same of a list that was read from the record just now. */
  fleetOf(states: readonly BridgeState[]): FleetBridge[];
  /** Something was changed that may ask for moves: look now, not at the next tick. */
  wake(): void;
  stop(): Promise<void>;
}

const TICK_MS = 1_000;
/** The exact loads and the rare reasons to move are looked at once in so many ticks. */
const SLOW_TICKS = 15;
/** Moves a transaction: each is a trunk that others may change at the same time. */
const BATCH = 200;
/**
 *  Any number that nothing else of ours locks. Who holds it for a transaction plans and moves; the others see the
 *  result.
 */
const PLACEMENT_LOCK = 7_102_003;

const placements = counter('trunkmesh_trunk_placements_total', 'Registering trunks given to a bridge, by reason');

/**
 * Registers bridges that are heard for the first time, and gives every registering trunk to exactly one bridge. Every
 * instance looks; one at a time acts, and what it finds in the record decides, so that a crash in between loses nothing
 * and an instance that is cut off from NATS does nothing.
 */
export function startPlacement(record: RecordStore, heartbeats: Heartbeats, logger: Logger): Placement {
  let states: BridgeState[] = [];
  let load = new Map<string, number>();
  let unplaced = 0;
  const stopping = new AbortController();
  let nap = new AbortController();

  const heardNow = (known: readonly BridgeState[]) =>
    fleetOf(known, heartbeats.bridges, heartbeats.listeningSince(), Date.now());
  const bridges = () => heardNow(states);
  const ungauge = [
    gauge('trunkmesh_bridges', 'Bridges by health', () =>
      countBy(
        bridges().filter(({ status }) => status !== 'retired'),
        ({ health }) => health,
      ).map(([health, value]) => ({ value, attributes: { health } })),
    ),
    gauge('trunkmesh_trunks_unplaced', 'Enabled registering trunks without a bridge', () => unplaced),
  ];

  const tick = async (slow: boolean) => {
    states = await listBridges(record);
    const known = await registerBridges(
      record,
      unregistered(states, heartbeats.bridges, heartbeats.listeningSince(), Date.now()),
      logger,
    );
    if (known > 0) states = await listBridges(record);
    if (slow || known > 0) [load, unplaced] = await Promise.all([loadOfBridges(record), unplacedTrunks(record)]);
    // Cut off from NATS nothing can be said of any bridge.
    if (heartbeats.listeningSince() === null) return;
    while ((await moveSome(slow || known > 0)) === BATCH && !stopping.signal.aborted);
  };

  const moveSome = async (thorough: boolean): Promise<number> => {
    const fleet = bridges();
    const candidates = [
      ...(await restlessTrunks(record, fleet, BATCH)),
      ...(thorough ? await strayTrunks(record, BATCH) : []),
    ];
    const moves = new Map<string, Candidate>(candidates.map((trunk) => [trunk.id, trunk]));
    if (moves.size === 0) return 0;
    load = await loadOfBridges(record);
    const plan = planMoves([...moves.values()], fleet, load).slice(0, BATCH);
    const moved = await carryOut(
      record,
      plan.map((move) => ({ ...move, organization_id: moves.get(move.trunk_id)!.organization_id })),
    );
    if (moved.length > 0) report(moved, logger);
    load = await loadOfBridges(record);
    return moved.length;
  };

  const place: Place = (trunk) => {
    const to = placeOne(trunk, bridges(), load);
    // Until the exact loads are read again: a burst of new trunks must not all go to the same bridge.
    if (to !== null && to !== trunk.bridge_id) load.set(to, (load.get(to) ?? 0) + 1);
    return to;
  };

  const run = async () => {
    for (let ticks = 0; !stopping.signal.aborted; ticks += 1) {
      try {
        await tick(ticks % SLOW_TICKS === 0);
      } catch (error) {
        logger.warn({ err: { message: (error as Error).message } }, 'the placement of trunks could not be looked at');
      }
      await pause(TICK_MS, undefined, { signal: AbortSignal.any([nap.signal, stopping.signal]) }).catch(
        () => undefined,
      );
      nap = new AbortController();
    }
  };
  let running: Promise<void> | undefined;
  record.opened
    .then(() => {
      running = run();
    })
    .catch(() => undefined);
  return {
    place,
    bridges,
    fleetOf: heardNow,
    wake: () => nap.abort(),
    stop: async () => {
      stopping.abort();
      await running;
      for (const undo of ungauge) undo();
    },
  };
}

async function registerBridges(
  record: RecordStore,
  heartbeats: readonly BridgeHeartbeat[],
  logger: Logger,
): Promise<number> {
  for (const { bridge_id: id, pool, sip_address } of heartbeats) {
    await handle(record, { subject: bridgeSubject(id), schema: bridgeState }, (state, { at }) =>
      decideBridge(state, { type: 'RegisterBridge', id, pool, sip_address, at }),
    );
    logger.info({ bridge_id: id, pool, sip_address }, 'a bridge was registered');
  }
  return heartbeats.length;
}

type OwnedMove = Move & { organization_id: string };

/**
 *  What was planned on the read models is decided on the entities: a trunk that changed meanwhile is left for the next
 *  look.
 */
function carryOut(record: RecordStore, plan: readonly OwnedMove[]): Promise<OwnedMove[]> {
  if (plan.length === 0) return Promise.resolve([]);
  return transact(record, async (work: Work) => {
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
      work.record(before, events);
      if (events.length > 0) moved.push(move);
    }
    return moved;
  });
}

function report(moved: readonly OwnedMove[], logger: Logger): void {
  for (const [why, count] of countBy(moved, (move) => move.why)) placements.add(count, { why });
  const ways = countBy(moved, ({ why, from, to }) => `${why}: ${from ?? 'none'} to ${to ?? 'none'}`);
  logger.info({ moves: ways.map(([way, count]) => `${way} (${count})`) }, 'trunks were placed');
}

function countBy<Item>(items: readonly Item[], kindOf: (item: Item) => string): [kind: string, count: number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(kindOf(item), (counts.get(kindOf(item)) ?? 0) + 1);
  return [...counts];
}
