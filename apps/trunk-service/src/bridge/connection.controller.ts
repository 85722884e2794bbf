import { Controller, Get, Inject } from '@nestjs/common';
import { Access, OrganizationId } from '../http/access.guard.js';
import { Described } from '../http/open-api.http.js';
import type { Placement } from '../placement/placement.clock.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { resolveTrunks } from '../routes/own-addresses.dns.js';
import { PLACEMENT, RECORD } from '../tokens.js';
import { connectionOf, connectionView, type ConnectionView } from './connection-view.js';
import { bridgesOfOrganization, fleetOfRecord } from './visible-bridges.pg.js';

@Controller('api/v1/connection')
export class ConnectionController {
  constructor(
    @Inject(RECORD) private readonly record: RecordStore,
    @Inject(PLACEMENT) private readonly placement: Placement,
  ) {}

  @Get()
  @Access('read')
  @Described({ summary: 'Get what to enter at a carrier or PBX', answer: connectionView })
  async get(@OrganizationId() organizationId: string): Promise<ConnectionView> {
    const fleet = await fleetOfRecord(this.record, this.placement);
    const bridges = await bridgesOfOrganization(this.record, fleet, organizationId);
    const resolved = await resolveTrunks(
      bridges.map(({ id, sip_address }) => ({ id, gateway: sip_address, transport: 'udp' })),
    );
    return connectionOf(bridges, new Map(resolved.map(({ id, addresses }) => [id, addresses])));
  }
}
