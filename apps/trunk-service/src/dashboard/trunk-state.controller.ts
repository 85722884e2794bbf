import { Controller, Get, Inject, Query } from '@nestjs/common';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { KnownAnswers } from '../event-store/known-answers.js';
import { KnownTotals } from '../event-store/known-totals.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import type { TrunkVersion } from './known-trunks.js';
import { LiveStatuses, type StoredTrunk } from './live-statuses.nats.js';
import {
  countStates,
  MAX_JUDGED,
  trunkCounts,
  trunkState,
  trunkStatesQuery,
  type TrunkCounts,
  type TrunkStateView,
} from './trunk-state.js';
import { untestedQuery, untestedTrunks, type UntestedTrunks } from './untested-trunks.js';
import { untestedTrunksOf, type LookedAt } from './untested-trunks.nats.js';

/** Of fewer trunks it is known within milliseconds which are untested. */
const MANY_TRUNKS = 5_000;
/** What is asked is whether there was a call in the last weeks. */
const UNTESTED_FRESH_MS = 30_000;
const UNTESTED_USABLE_MS = 300_000;

/** The states of many trunks in one request. */
@Controller('api/v1/trunk-states')
export class TrunkStateController {
  private readonly totals = new KnownTotals(() => performance.now());
  private readonly untestedOnes = new KnownAnswers<LookedAt>({
    now: () => performance.now(),
    isLong: ({ proven, total }) => proven + total >= MANY_TRUNKS,
    freshMs: UNTESTED_FRESH_MS,
    usableMs: UNTESTED_USABLE_MS,
  });

  constructor(
    @Inject(EVENT_STORE) readonly store: EventStore,
    @Inject(NATS) readonly nats: NatsLink,
    private readonly statuses: LiveStatuses,
  ) {}

  @Get()
  @Access('read')
  @Described({
    id: 'listTrunkStates',
    summary: 'Get the states of some trunks at once; ids of other organisations are left out',
    answer: z.array(trunkState),
  })
  async list(
    @OrganizationId() organizationId: string,
    @Query({ schema: trunkStatesQuery }) { ids }: z.output<typeof trunkStatesQuery>,
  ): Promise<TrunkStateView[]> {
    const rows = await this.store.query<TrunkVersion>(
      'select id, version from trunks where organization_id = $1 and id = any($2::uuid[]) order by priority, name_key',
      [organizationId, ids],
    );
    return this.judge(organizationId, rows);
  }

  @Get('counts')
  @Access('read')
  @Described({ id: 'countTrunkStates', summary: 'Count the trunks by their state', answer: trunkCounts })
  async counts(@OrganizationId() organizationId: string): Promise<TrunkCounts> {
    const [rows, total] = await Promise.all([
      this.store.query<TrunkVersion>(
        'select id, version from trunks where organization_id = $1 order by priority, name_key limit $2',
        [organizationId, MAX_JUDGED],
      ),
      this.totals.of(organizationId, () => this.totalOf(organizationId)),
    ]);
    return countStates(await this.judge(organizationId, rows), total);
  }

  @Get('untested')
  @Access('read')
  @Described({
    id: 'listUntestedTrunks',
    summary: 'Count the enabled trunks without an answered call since a day, and name the first of them',
    answer: untestedTrunks,
  })
  async untested(
    @OrganizationId() organizationId: string,
    @Query({ schema: untestedQuery }) { from }: z.output<typeof untestedQuery>,
  ): Promise<UntestedTrunks> {
    const { total, trunks } = await this.untestedOnes.of(`${organizationId} ${from}`, () =>
      untestedTrunksOf(this, organizationId, from),
    );
    return { total, trunks };
  }

  private judge(organizationId: string, rows: readonly TrunkVersion[]): Promise<TrunkStateView[]> {
    return this.statuses.judge(organizationId, rows, (ids) =>
      this.store.query<StoredTrunk>(
        'select version, state from trunks where organization_id = $1 and id = any($2::uuid[])',
        [organizationId, ids],
      ),
    );
  }

  private async totalOf(organizationId: string): Promise<number> {
    const [counted] = await this.store.query<{ total: number }>(
      'select count(*)::int as total from trunks where organization_id = $1',
      [organizationId],
    );
    return counted!.total;
  }
}
