import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { refusedCall, refusedCallDetail, type RefusedCallDetail } from '@trunkmesh/contracts/refused-call.js';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access, CurrentCaller } from '../access/access.guard.js';
import { organizationOf, type Caller } from '../http/caller.js';
import { Described } from '../http/open-api.http.js';
import { pageHeaders } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { inZoneOf } from '../organization/time-zone.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { findRefusedCall, listRefusedCalls, refusedCallQuery, type RefusedCallQuery } from './refused-calls.pg.js';

@Controller('api/v1/refused-calls')
export class RefusedCallController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @Access('read')
  @Described({
    id: 'listRefusedCalls',
    summary:
      "Calls that a bridge refused before they reached routing and that named the organisation's numbers or claim " +
      'its trunks, counted by source address, number, reason and minute, newest first; the bootstrap key ' +
      "without an organisation sees everybody's and nobody's",
    answer: z.array(refusedCall),
  })
  async list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: refusedCallQuery }) query: RefusedCallQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const organizationId = visibleTo(caller);
    const page = await listRefusedCalls(this.store, organizationId, await inZoneOf(this.store, organizationId, query));
    response.set(pageHeaders(request.originalUrl, page));
    return page.calls;
  }

  @Get(':id')
  @Access('read')
  @Described({
    id: 'getRefusedCall',
    summary: 'Get refused calls of one kind, with the first and the last INVITE, without credentials',
    answer: refusedCallDetail,
  })
  get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<RefusedCallDetail> {
    return findRefusedCall(this.store, visibleTo(caller), id);
  }
}

/** Null: everybody's and nobody's, for the operator. */
const visibleTo = (caller: Caller): string | null =>
  caller.role === 'bootstrap' && caller.organization === null ? null : organizationOf(caller);
