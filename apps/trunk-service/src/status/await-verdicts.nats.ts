import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { LiveFleet } from '../bridge/live-fleet.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { inSlices } from '../slices.process.js';
import { EVENT_STORE } from '../tokens.js';
import type { TrunkRow } from '../trunk/trunk-list.pg.js';
import { GatewayStatuses, type FollowedStatuses } from './gateway-statuses.nats.js';
import type { TrunkVerdict } from './trunk-verdict-view.js';
import { trunkVerdict } from './trunk-verdict.js';

export interface Verdicts {
  trunks: { trunk: TrunkState; verdict: TrunkVerdict }[];
  /** False: NATS cannot be reached, so nothing is known of what the bridges have. */
  heard: boolean;
}

export interface Waiting {
  timeoutMs: number;
  signal: AbortSignal;
  progress: (settled: number, total: number) => void;
}

/** What a verdict on a trunk is made of: the stored trunk, the bridges, and what they report of its gateways. */
@Injectable()
export class VerdictSources {
  constructor(
    @Inject(EVENT_STORE) readonly store: EventStore,
    readonly fleet: LiveFleet,
    readonly statuses: GatewayStatuses,
  ) {}
}

/** Between two looks while nothing is heard: a bridge may die, a trunk be placed. */
const LOOK_MS = 250;

/**
 * Waits until every trunk of the organisation is live, failed or out of the mesh's hands, or the time is over; what is
 * known then.
 */
export async function awaitVerdicts(
  { store, fleet, statuses }: VerdictSources,
  organizationId: string,
  { timeoutMs, signal, progress }: Waiting,
): Promise<Verdicts> {
  let notice = new AbortController();
  const followed = followOrNothing(statuses, organizationId, () => notice.abort());
  const deadline = Date.now() + timeoutMs;
  try {
    for (;;) {
      notice = new AbortController();
      const trunks = await inSlices(judge(await rowsOf(store, organizationId), fleet, followed), signal);
      const open = trunks.filter(
        ({ verdict }) => verdict.verdict === 'pending' || verdict.verdict === 'unplaced',
      ).length;
      const complete = followed?.complete() ?? false;
      progress(trunks.length - open, trunks.length);
      const left = deadline - Date.now();
      if ((open === 0 && complete) || left <= 0 || followed === undefined) return { trunks, heard: complete };
      signal.throwIfAborted();
      await pause(Math.min(LOOK_MS, left), undefined, { signal: AbortSignal.any([signal, notice.signal]) }).catch(() =>
        signal.throwIfAborted(),
      );
      // Many changes come together; each check reads the database.
      await pause(20);
    }
  } finally {
    await followed?.stop();
  }
}

function followOrNothing(
  statuses: GatewayStatuses,
  organizationId: string,
  onChange: () => void,
): FollowedStatuses | undefined {
  try {
    return statuses.follow(organizationId, onChange);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'log-unavailable') return undefined;
    throw error;
  }
}

/** Yields after each trunk. */
function* judge(
  rows: readonly TrunkRow[],
  fleet: LiveFleet,
  followed: FollowedStatuses | undefined,
): Generator<undefined, Verdicts['trunks']> {
  const bridges = fleet.bridges();
  const judged: Verdicts['trunks'] = [];
  for (const { state } of rows) {
    yield;
    const trunk = trunkState.parse(state);
    judged.push({ trunk, verdict: trunkVerdict(trunk, bridges, followed?.of(trunk.id) ?? []) });
  }
  return judged;
}

function rowsOf(store: EventStore, organizationId: string): Promise<TrunkRow[]> {
  return store.query<TrunkRow>(
    'select version, state from trunks where organization_id = $1 order by priority, name_key',
    [organizationId],
  );
}
