import { Controller, Get, Param } from '@nestjs/common';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { Access, OrganizationId } from '../access/access.guard.js';
import { Described } from '../http/open-api.http.js';
import { trunkRow } from '../trunk/trunk-list.pg.js';
import { trunkNotFound } from '../trunk/trunk.js';
import { VerdictSources } from './await-verdicts.nats.js';
import { trunkVerdict } from './trunk-verdict.js';
import { trunkStatusView } from './trunk-verdict-view.js';

@Controller('api/v1/sip-trunks')
export class StatusController {
  constructor(private readonly sources: VerdictSources) {}

  /** How the trunk stands on each bridge, in words. */
  @Get(':id/status')
  @Access('read')
  @Described({
    id: 'getTrunkStatus',
    answer: trunkStatusView,
    summary: "Get a trunk's state on each bridge, and why it is not live",
  })
  async status(@OrganizationId() organizationId: string, @Param('id') id: string) {
    const row = uuid.safeParse(id).success
      ? await trunkRow(this.sources.store, organizationId, id.toLowerCase())
      : undefined;
    if (row === undefined) throw trunkNotFound();
    const statuses = await this.sources.statuses.ofTrunk(organizationId, row.state.id);
    const { id: trunk_id, name, enabled, register, gateway_revision } = row.state;
    return {
      trunk_id,
      name,
      enabled,
      register,
      gateway_revision,
      ...trunkVerdict(row.state, this.sources.fleet.bridges(), statuses),
      checked_at: new Date().toISOString(),
    };
  }
}
