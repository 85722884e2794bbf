import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { VerdictSources } from '../status/await-verdicts.nats.js';
import type { FollowedStatuses } from '../status/gateway-statuses.nats.js';
import { trunkVerdict } from '../status/trunk-verdict.js';
import { inSlices } from '../slices.process.js';
import type { TrunkStateView } from './trunk-state.js';

/** How long an organisation's statuses are followed after the last look. */
const LINGER_MS = 60_000;
/** JetStream answers within milliseconds; until everything has come, trunks would look as if no bridge had them. */
const FIRST_MS = 2_000;

interface Followed {
  statuses: FollowedStatuses;
  until: NodeJS.Timeout;
}

/** States of many trunks at once, from statuses that are followed while somebody looks. */
@Injectable()
export class LiveStatuses implements BeforeApplicationShutdown {
  private readonly followed = new Map<string, Followed>();

  constructor(@Inject(VerdictSources) private readonly sources: VerdictSources) {}

  /** @throws DomainError log-unavailable */
  async judge(organizationId: string, rows: readonly { state: TrunkState }[]): Promise<TrunkStateView[]> {
    const statuses = await this.statusesOf(organizationId);
    return inSlices(judged(rows, { bridges: this.sources.fleet.bridges(), statuses }));
  }

  beforeApplicationShutdown(): void {
    for (const id of [...this.followed.keys()]) this.stop(id);
  }

  private async statusesOf(organizationId: string): Promise<FollowedStatuses> {
    const before = this.followed.get(organizationId);
    const statuses = before?.statuses ?? this.sources.statuses.follow(organizationId, () => undefined);
    clearTimeout(before?.until);
    const until = setTimeout(() => this.stop(organizationId), LINGER_MS);
    until.unref();
    this.followed.set(organizationId, { statuses, until });
    for (const end = Date.now() + FIRST_MS; !statuses.complete() && Date.now() < end;) await pause(10);
    return statuses;
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
function* judged(rows: readonly { state: TrunkState }[], known: Known): Generator<undefined, TrunkStateView[]> {
  const states: TrunkStateView[] = [];
  for (const row of rows) {
    yield;
    const trunk = trunkState.parse(row.state);
    const { verdict, summary, bridges } = trunkVerdict(trunk, known.bridges, known.statuses.of(trunk.id));
    const { hint = null, cause = null } =
      bridges.find(({ registration }) => registration.hint !== null)?.registration ?? {};
    states.push({ trunk_id: trunk.id, name: trunk.name, verdict, summary, hint, cause });
  }
  return states;
}
