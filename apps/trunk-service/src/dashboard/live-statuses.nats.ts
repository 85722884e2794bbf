import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { VerdictSources } from '../status/await-verdicts.nats.js';
import type { FollowedStatuses } from '../status/gateway-statuses.nats.js';
import { judgedTrunk, trunkVerdict, type JudgedTrunk } from '../status/trunk-verdict.js';
import { inSlices } from '../slices.process.js';
import { KnownTrunks, type KnownTrunk, type TrunkVersion } from './known-trunks.js';
import type { TrunkStateView } from './trunk-state.js';

/** How long an organisation's statuses are followed after the last look. */
const LINGER_MS = 60_000;
/** JetStream answers within milliseconds; until everything has come, trunks would look as if no bridge had them. */
const FIRST_MS = 2_000;

export interface StoredTrunk {
  version: number;
  state: unknown;
}

interface Followed {
  statuses: FollowedStatuses;
  until: NodeJS.Timeout;
  trunks: KnownTrunks;
}

/** States of many trunks at once, from statuses that are followed while somebody looks. */
@Injectable()
export class LiveStatuses implements BeforeApplicationShutdown {
  private readonly followed = new Map<string, Followed>();

  constructor(@Inject(VerdictSources) private readonly sources: VerdictSources) {}

  /**
   * In the order of `rows`. `read` gets the ids of trunks not known at that version, and returns their rows.
   *
   * @throws DomainError log-unavailable
   */
  async judge(
    organizationId: string,
    rows: readonly TrunkVersion[],
    read: (ids: string[]) => Promise<readonly StoredTrunk[]>,
  ): Promise<TrunkStateView[]> {
    const { statuses, trunks } = await this.follow(organizationId);
    const wanted = await trunks.of(rows, async (ids) => inSlices(checked(await read(ids))));
    return inSlices(judged(wanted, { bridges: this.sources.fleet.bridges(), statuses }));
  }

  beforeApplicationShutdown(): void {
    for (const id of [...this.followed.keys()]) this.stop(id);
  }

  private async follow(organizationId: string): Promise<Omit<Followed, 'until'>> {
    const before = this.followed.get(organizationId);
    const statuses = before?.statuses ?? this.sources.statuses.follow(organizationId, () => undefined);
    const trunks = before?.trunks ?? new KnownTrunks();
    clearTimeout(before?.until);
    const until = setTimeout(() => this.stop(organizationId), LINGER_MS);
    until.unref();
    this.followed.set(organizationId, { statuses, trunks, until });
    for (const end = Date.now() + FIRST_MS; !statuses.complete() && Date.now() < end;) await pause(10);
    return { statuses, trunks };
  }

  private stop(organizationId: string): void {
    const followed = this.followed.get(organizationId);
    if (followed === undefined) return;
    clearTimeout(followed.until);
    this.followed.delete(organizationId);
    void followed.statuses.stop();
  }
}

interface Known {
  bridges: ReturnType<VerdictSources['fleet']['bridges']>;
  statuses: FollowedStatuses;
}

/** Yields after each trunk. */
function* judged(trunks: readonly JudgedTrunk[], known: Known): Generator<undefined, TrunkStateView[]> {
  const states: TrunkStateView[] = [];
  for (const trunk of trunks) {
    yield;
    const { verdict, summary, bridges } = trunkVerdict(trunk, known.bridges, known.statuses.of(trunk.id));
    const { hint = null, cause = null } =
      bridges.find(({ registration }) => registration.hint !== null)?.registration ?? {};
    states.push({ trunk_id: trunk.id, name: trunk.name, verdict, summary, hint, cause });
  }
  return states;
}

/** Yields after each trunk. */
function* checked(rows: readonly StoredTrunk[]): Generator<undefined, KnownTrunk[]> {
  const trunks: KnownTrunk[] = [];
  for (const { version, state } of rows) {
    yield;
    trunks.push({ version, trunk: judgedTrunk.parse(state) });
  }
  return trunks;
}
