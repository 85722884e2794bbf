import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { refusedCall } from '@trunkmesh/contracts/refused-call.js';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access, CurrentCaller } from '../access/access.guard.js';
import { organizationOf, type Caller } from '../http/caller.js';
import { Described } from '../http/open-api.http.js';
import { pageHeaders } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { listRefusedCalls, refusedCallQuery, type RefusedCallQuery } from './refused-calls.pg.js';

@Controller('api/v1/refused-calls')
export class RefusedCallController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @Access('read')
  @Described({
    id: 'listRefusedCalls',
    summary:
      "Calls to the organisation's numbers that a bridge refused before they reached routing, " +
      'counted by source address, number, reason and minute, newest first; the bootstrap key ' +
      "without an organisation sees everybody's and nobody's",
    answer: z.array(refusedCall),
  })
  async list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: refusedCallQuery }) query: RefusedCallQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const organizationId = caller.role === 'bootstrap' && caller.organization === null ? null : organizationOf(caller);
    const page = await listRefusedCalls(this.store, organizationId, query);
    response.set(pageHeaders(request.originalUrl, page));
    return page.calls;
  }
}
