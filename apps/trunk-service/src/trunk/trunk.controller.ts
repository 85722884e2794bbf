import { Controller, Get, Headers, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { AddressView } from '../address/standing.js';
import { addressesOf } from '../address/standing.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { etagOf, isUnchanged } from '../http/etag.js';
import { Described } from '../http/open-api.http.js';
import { KnownTotals } from '../event-store/known-totals.js';
import { pageHeaders } from '../http/page.js';
import { EVENT_STORE } from '../tokens.js';
import { findTrunk, trunkPage } from './trunk-list.pg.js';
import { trunkQuery, type TrunkQuery } from './trunk-query.js';
import { LIST_ADDRESSES } from './trunk-routes.js';
import { trunkView, viewOf, type TrunkView } from './trunk-view.js';

/** What reads trunks; trunk-change.controller.ts changes them. */
@Controller('api/v1/sip-trunks')
export class TrunkController {
  private readonly totals = new KnownTotals(() => performance.now());

  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @Access('read')
  @Described({ id: 'listTrunks', summary: 'List the trunks by priority', answer: z.array(trunkView) })
  async list(
    @OrganizationId() organizationId: string,
    @Query({ schema: trunkQuery }) query: TrunkQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TrunkView[]> {
    const page = await trunkPage(this.store, organizationId, query, this.totals);
    response.set(pageHeaders(request.originalUrl, page));
    return page.rows.map(({ state }) => viewOf(state));
  }

  @Get(':id')
  @Access('read')
  @Described({ id: 'getTrunk', summary: 'Get a trunk', answer: trunkView })
  async get(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TrunkView | undefined> {
    const row = await findTrunk(this.store, organizationId, id);
    response.set('ETag', etagOf(row.version));
    if (!isUnchanged(ifNoneMatch, row.version)) return viewOf(row.state, await addressesOf(this.store, row.state));
    response.status(304);
    return undefined;
  }

  /** Other organisations may claim the same addresses: evidence decides who counts, and none of them is named. */
  @Get(':id/addresses')
  @Access('read')
  @Described(LIST_ADDRESSES)
  async addresses(@OrganizationId() organizationId: string, @Param('id') id: string): Promise<AddressView[]> {
    const { state } = await findTrunk(this.store, organizationId, id);
    return addressesOf(this.store, state);
  }
}
