import { Controller, Get, Inject } from '@nestjs/common';
import { Access, OrganizationId } from '../access/access.guard.js';
import { Described } from '../http/open-api.http.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { resolveTrunks } from '../trunk/own-addresses.net.js';
import { EVENT_STORE } from '../tokens.js';
import { connectionOf, connectionView, type ConnectionView } from './connection-view.js';
import { LiveFleet } from '../bridge/live-fleet.pg.js';
import { bridgesOfOrganization } from '../bridge/visible-bridges.pg.js';

@Controller('api/v1/connection')
export class ConnectionController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly fleet: LiveFleet,
  ) {}

  @Get()
  @Access('read')
  @Described({ id: 'getConnection', summary: 'Get what to enter at a carrier or PBX', answer: connectionView })
  async get(@OrganizationId() organizationId: string): Promise<ConnectionView> {
    const bridges = await bridgesOfOrganization(this.store, await this.fleet.read(), organizationId);
    const resolved = await resolveTrunks(
      bridges.map(({ id, sip_address }) => ({ id, gateway: sip_address, transport: 'udp' })),
    );
    return connectionOf(bridges, new Map(resolved.map(({ id, addresses }) => [id, addresses])));
  }
}
