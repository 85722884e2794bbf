import { Controller, Get, Inject, Query } from '@nestjs/common';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { Described } from '../http/open-api.http.js';
import { inZoneOf } from '../organization/time-zone.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { historyPage, historyQuery, type HistoryPage, type HistoryQuery } from './history-query.js';
import { historyOf } from './history.pg.js';

@Controller('api/v1/events')
export class HistoryController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** Addresses of colleagues are for admins. */
  @Get()
  @Access('manage')
  @Described({
    id: 'listEvents',
    summary:
      'List who changed what in the organisation, newest first, with the values before and after; ' +
      'secrets are never shown',
    answer: historyPage,
  })
  async list(
    @OrganizationId() organizationId: string,
    @Query({ schema: historyQuery }) query: HistoryQuery,
  ): Promise<HistoryPage> {
    return historyOf(this.store, organizationId, await inZoneOf(this.store, organizationId, query));
  }
}
