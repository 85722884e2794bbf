import { Controller, Get, Inject } from '@nestjs/common';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import { connectionOf } from '../connection/connection-view.js';
import { LiveFleet } from '../bridge/live-fleet.pg.js';
import { bridgesOfOrganization } from '../bridge/visible-bridges.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE } from '../tokens.js';
import { resolveTrunks } from '../trunk/own-addresses.net.js';
import { presetViews, trunkPresetView, type TrunkPresetView } from './trunk-preset-view.js';

/** What known carriers and PBXs require, with what to enter there for the bridges that the organisation may use. */
@Controller('api/v1/sip-trunks/presets')
export class TrunkPresetController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly fleet: LiveFleet,
  ) {}

  @Get()
  @Access('read')
  @Described({
    id: 'listTrunkPresets',
    summary: 'List the presets of known carriers and PBXs, with what to enter there',
    answer: z.array(trunkPresetView),
  })
  async list(@OrganizationId() organizationId: string): Promise<TrunkPresetView[]> {
    const bridges = await bridgesOfOrganization(this.store, await this.fleet.read(), organizationId);
    const resolved = await resolveTrunks(
      bridges.map(({ id, sip_address }) => ({ id, gateway: sip_address, transport: 'udp' })),
    );
    return presetViews(connectionOf(bridges, new Map(resolved.map((each) => [each.id, each.addresses]))).bridges);
  }
}
