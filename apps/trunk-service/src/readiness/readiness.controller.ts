import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import { outboundRequest, type OutboundPlan } from '@trunkmesh/contracts/outbound.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import { addressesOf } from '../address/standing.pg.js';
import { Described } from '../http/open-api.http.js';
import { existingId, findNumber } from '../number/number-query.pg.js';
import { organizationNotFound } from '../organization/organization.js';
import { organizationRow } from '../organization/organization-list.pg.js';
import { askPlan } from '../routes/explain.nats.js';
import { VerdictSources } from '../status/await-verdicts.nats.js';
import { trunkVerdict } from '../status/trunk-verdict.js';
import type { TrunkVerdict } from '../status/trunk-verdict-view.js';
import { NATS } from '../tokens.js';
import type { TrunkRow } from '../trunk/trunk-list.pg.js';
import { exampleDestination, mayBeCalled } from './example-number.js';
import { direction, inboundSteps, outboundSteps, unknown } from './readiness.js';
import { readinessView, type NumberReadiness } from './readiness-view.js';

const readinessQuery = z.strictObject({
  to_phone_number: outboundRequest.shape.to
    .optional()
    .describe('The number to plan an outbound call to. Absent: one of a country that may be called.'),
});

@Controller('api/v1/phone-numbers')
export class ReadinessController {
  constructor(
    private readonly sources: VerdictSources,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {}

  /** What is missing before the number takes and places calls. Nothing is changed and nobody is called. */
  @Get(':id/readiness')
  @Access('read')
  @Described({
    id: 'getPhoneNumberReadiness',
    summary: 'Find the first missing step before a phone number takes and places calls',
    answer: readinessView,
  })
  async readiness(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Query({ schema: readinessQuery }) { to_phone_number }: z.output<typeof readinessQuery>,
  ): Promise<NumberReadiness> {
    const { state: number } = await findNumber(this.sources.store, organizationId, existingId(id));
    const organization = (await organizationRow(this.sources.store, organizationId))?.state;
    if (organization === undefined) throw organizationNotFound();
    const trunk = await this.trunkOf(number);
    const to = to_phone_number ?? exampleDestination(number.phone_number, mayBeCalled(organization));
    const [verdict, addresses, outbound] = await Promise.all([
      trunk === null ? null : this.verdictOf(trunk),
      trunk === null ? [] : addressesOf(this.sources.store, trunk),
      this.plan(number, to),
    ]);
    return {
      phone_number_id: number.id,
      phone_number: number.phone_number,
      inbound: direction(inboundSteps({ organization, number, trunk, verdict, addresses })),
      outbound: { ...direction(outbound), to_phone_number: to },
      checked_at: new Date().toISOString(),
    };
  }

  /** The number's own, else the enabled one that the organisation prefers. */
  private async trunkOf({ organization_id, sip_trunk_id }: NumberState): Promise<TrunkState | null> {
    const [row] = await this.sources.store.query<TrunkRow>(
      `select version, state from trunks where organization_id = $1 and case when $2::uuid is null then enabled
        else id = $2 end order by priority, name_key limit 1`,
      [organization_id, sip_trunk_id],
    );
    return row === undefined ? null : trunkState.parse(row.state);
  }

  /** Null: the bridges' reports cannot be read now. */
  private async verdictOf(trunk: TrunkState): Promise<TrunkVerdict | null> {
    const statuses = await this.sources.statuses
      .ofTrunk(trunk.organization_id, trunk.id)
      .catch(nullIf('log-unavailable'));
    return statuses && trunkVerdict(trunk, this.sources.fleet.bridges(), statuses);
  }

  private async plan({ organization_id, phone_number: from }: NumberState, to: string) {
    const request = { call_id: uuidv7(), organization_id, from, to, caller_id: null, trunk_id: null, target: null };
    const plan: OutboundPlan | null = await askPlan(this.nats, request).catch(nullIf('routing-unavailable'));
    return plan === null
      ? [unknown('routing', 'routing-unavailable', 'routing-service does not answer. Ask again in a few seconds.')]
      : outboundSteps(plan);
  }
}

const nullIf = (code: DomainError['code']) => (error: unknown) => {
  if (error instanceof DomainError && error.code === code) return null;
  throw error;
};
