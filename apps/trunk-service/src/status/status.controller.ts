import { Controller, Get, Param } from '@nestjs/common';
import { Access, OrganizationId } from '../access/access.guard.js';
import { Described } from '../http/open-api.http.js';
import { findTrunk } from '../trunk/trunk-list.pg.js';
import { VerdictSources } from './await-verdicts.nats.js';
import { trunkVerdict } from './trunk-verdict.js';
import { trunkStatusView } from './trunk-verdict-view.js';

@Controller('api/v1/sip-trunks')
export class StatusController {
  constructor(private readonly sources: VerdictSources) {}

  /** The trunk's state on each bridge, and why. */
  @Get(':id/status')
  @Access('read')
  @Described({
    id: 'getTrunkStatus',
    answer: trunkStatusView,
    summary: "Get a trunk's state on each bridge, and why it is not live",
  })
  async status(@OrganizationId() organizationId: string, @Param('id') id: string) {
    const { state } = await findTrunk(this.sources.store, organizationId, id);
    const statuses = await this.sources.statuses.ofTrunk(organizationId, state.id);
    const { id: trunk_id, name, enabled, register, gateway_revision } = state;
    return {
      trunk_id,
      name,
      enabled,
      register,
      gateway_revision,
      ...trunkVerdict(state, this.sources.fleet.bridges(), statuses),
      checked_at: new Date().toISOString(),
    };
  }
}
