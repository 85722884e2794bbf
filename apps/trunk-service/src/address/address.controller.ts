import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { addressState } from '@trunkmesh/contracts/address.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access } from '../access/access.guard.js';
import { Described } from '../http/open-api.http.js';
import { pageHeaders, pageQuery } from '../http/page.js';
import { organizationNotFound } from '../organization/organization.js';
import { organizationRow } from '../organization/organization-list.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { evidencePage } from './address-list.pg.js';
import { contestedPage, contestedView } from './contested.pg.js';
import { networkInput } from '../network/network-input.js';
import { proveAddress, withdrawEvidence } from './prove.pg.js';

const organization = uuid.transform((id) => id.toLowerCase());
const evidenceGrant = z
  .strictObject({
    organization_id: organization.describe('The organisation.'),
    network: networkInput.describe('An address or a network (CIDR).'),
  })
  .meta({ id: 'EvidenceGrant' });
const evidenceQuery = pageQuery.extend({
  contested: z
    .enum(['true', 'false'])
    .default('false')
    .describe('`true`: only networks that several organisations claim.'),
  organization_id: organization.optional().describe('The organisation.'),
  address: networkInput.optional().describe('Evidence that holds this address, or lies in this network.'),
});
const withdrawal = z.strictObject({
  organization_id: organization.describe('The organisation.'),
  network: networkInput.describe('An address or a network (CIDR).'),
  reason: printable(200).optional().describe('Why, as a constant.'),
});

/** Who is proven to call from where. All of it is the operator's alone: it names every organisation. */
@Controller('api/v1/addresses')
export class AddressController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @Access('operate')
  @Described({
    id: 'listAddressEvidence',
    summary: 'List the evidence by network; `contested=true`: networks that several organisations claim',
    answer: z.array(z.union([addressState, contestedView])),
  })
  async list(
    @Query({ schema: evidenceQuery }) query: z.output<typeof evidenceQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const page =
      query.contested === 'true' ? await contestedPage(this.store, query) : await evidencePage(this.store, query);
    response.set(pageHeaders(request.originalUrl, page));
    return page.rows;
  }

  @Post()
  @Access('operate')
  @Described({
    id: 'grantAddressEvidence',
    summary: 'Vouch that an organisation is served from an address or network',
    status: 201,
    answer: addressState,
    body: { 'application/json': evidenceGrant },
  })
  async grant(@Body({ schema: evidenceGrant }) { organization_id, network }: z.output<typeof evidenceGrant>) {
    if ((await organizationRow(this.store, organization_id)) === undefined) throw organizationNotFound();
    const evidence = { by: 'operator' as const, at: new Date().toISOString(), trunk_id: null, call_id: null };
    return proveAddress(this.store, { organization_id, network, evidence });
  }

  @Delete()
  @HttpCode(204)
  @Access('operate')
  @Described({
    id: 'withdrawAddressEvidence',
    summary: "Withdraw an organisation's evidence for a network",
    status: 204,
  })
  async withdraw(@Query({ schema: withdrawal }) wanted: z.output<typeof withdrawal>): Promise<void> {
    await withdrawEvidence(this.store, { ...wanted, reason: wanted.reason ?? null });
  }
}
