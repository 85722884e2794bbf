import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE } from '../tokens.js';
import { findTrunk } from '../trunk/trunk-list.pg.js';
import {
  registrationsQuery,
  registrationsView,
  type RegistrationsQuery,
  type RegistrationsView,
} from './registrations-view.js';
import { registrationsOf } from './registrations.pg.js';

@Controller('api/v1/sip-trunks')
export class RegistrationsController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get(':id/registrations')
  @Access('read')
  @Described({
    id: 'listTrunkRegistrations',
    summary: "List every change of a trunk's gateways with its duration, newest first, and the availability per day",
    answer: registrationsView,
  })
  async list(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Query({ schema: registrationsQuery }) query: RegistrationsQuery,
  ): Promise<RegistrationsView> {
    const { state } = await findTrunk(this.store, organizationId, id);
    return registrationsOf(this.store, state, query);
  }
}
