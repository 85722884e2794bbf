import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Request, Response } from 'express';
import { Access, OrganizationId } from '../access/access.guard.js';
import { RateLimits } from '../access/rate-limits.http.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { Described } from '../http/open-api.http.js';
import { inZoneOf } from '../organization/time-zone.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { CSV, exportRecords } from './export.http.js';
import {
  cursorOf,
  recordsPage,
  recordsQuery,
  recordsRequest,
  summaryPage,
  summaryQuery,
  summaryRequest,
  type RecordsPage,
  type RecordsQuery,
  type SummaryPage,
  type SummaryQuery,
} from './usage-query.js';
import { findStatement } from './statement.nats.js';
import { findRecords, summarizeUsage } from './usage.nats.js';

@Controller('api/v1/usage')
export class UsageController {
  constructor(
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly limits: RateLimits,
  ) {}

  @Get('records')
  @Access('read')
  @Described({
    id: 'listUsageRecords',
    summary: 'List the entries of the ledger, newest first; with "Accept: text/csv" all that match, as a file',
    answer: recordsPage,
  })
  async records(
    @OrganizationId() organizationId: string,
    @Query({ schema: recordsQuery }) query: RecordsQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const wanted = recordsRequest(organizationId, await inZoneOf(this.store, organizationId, query));
    if (query.statement !== undefined) await this.requireClosed(organizationId, query.statement);
    if ((request.header('Accept') ?? '').includes(CSV)) {
      const { limit: _limit, ...all } = wanted;
      this.limits.largeAnswer(organizationId, response);
      await exportRecords(this.nats, all, { response });
      return;
    }
    const { records, next, ...facts } = await findRecords(this.nats, wanted);
    const next_cursor = cursorOf(next === null ? undefined : [next.started_at, next.entry_id]);
    response.json({ items: records, next_cursor, ...facts } satisfies RecordsPage);
  }

  /** @throws DomainError statement-not-found */
  private async requireClosed(organization_id: string, month: string): Promise<void> {
    const { state } = await findStatement(this.nats, { organization_id, month });
    if (state === 'open')
      throw new DomainError('statement-not-found', `The month ${month} is not closed yet: it has no fixed entries.`);
  }

  @Get('summary')
  @Access('read')
  @Described({
    id: 'getUsageSummary',
    summary: "Sum up usage by day, month, trunk, number, direction or country, in the organisation's time zone",
    answer: summaryPage,
  })
  async summary(
    @OrganizationId() organizationId: string,
    @Query({ schema: summaryQuery }) query: SummaryQuery,
  ): Promise<SummaryPage> {
    const {
      outcome: _outcome,
      next,
      ...summary
    } = await summarizeUsage(this.nats, summaryRequest(organizationId, query));
    return {
      ...summary,
      next_cursor: cursorOf(next === null ? undefined : [next.key, next.currency, next.carrier_cost]),
    };
  }
}
