import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Req } from '@nestjs/common';
import { organizationState } from '@trunkmesh/contracts/organization.js';
import { ratePlan, type RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import { organizationSubject, ratePlanSubject } from '@trunkmesh/contracts/subjects.js';
import type { Request } from 'express';
import { z } from 'zod';
import { Access, CurrentCaller } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { transact } from '../event-store/handle.pg.js';
import type { Caller } from '../http/caller.js';
import { etagOf, requireMatch } from '../http/etag.js';
import { Described } from '../http/open-api.http.js';
import { organizationNotFound } from '../organization/organization.js';
import { existingId, visibleTo } from '../organization/visible-to.js';
import { EVENT_STORE } from '../tokens.js';
import { effectiveFrom, ratePlanBody, type RatePlanBody } from './rate-plan-input.js';
import { listRatePlans } from './rate-plan-list.pg.js';
import { decide, type RatePlanCommand } from './rate-plan.js';

/** What the operator charges an organisation, each plan from a time on. */
@Controller('api/v1/organizations/:id/rate-plans')
export class RatePlanController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @Access('read')
  @Described({
    id: 'listRatePlans',
    summary: "List an organisation's rate plans, the earliest first",
    answer: z.array(ratePlan),
  })
  list(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<RatePlan[]> {
    return listRatePlans(this.store, visibleTo(caller, id));
  }

  @Put(':effective_from')
  @Access('operate')
  @Described({
    id: 'putRatePlan',
    summary:
      'Set what calls that begin at this time or later cost, up to the next plan; calls that the ledger ' +
      'has already are corrected',
    answer: ratePlan,
    body: { 'application/json': ratePlanBody },
  })
  async put(
    @Param('id') id: string,
    @Param('effective_from') from: string,
    @Body({ schema: ratePlanBody }) fields: RatePlanBody,
    @Req() request: Request,
  ): Promise<RatePlan> {
    const after = await this.carryOut({ id, from, request }, (plan, at) => ({
      type: 'PutRatePlan',
      ...plan,
      fields,
      at,
    }));
    request.res!.set('ETag', etagOf(after.version));
    return after.state!;
  }

  @Delete(':effective_from')
  @HttpCode(204)
  @Access('operate')
  @Described({
    id: 'deleteRatePlan',
    summary: 'Remove a rate plan; calls that it charged are corrected to what the plan before it says',
    status: 204,
  })
  async remove(@Param('id') id: string, @Param('effective_from') from: string, @Req() request: Request): Promise<void> {
    await this.carryOut({ id, from, request }, () => ({ type: 'RemoveRatePlan' }));
  }

  private carryOut(
    { id, from, request }: { id: string; from: string; request: Request },
    command: (plan: Pick<RatePlan, 'organization_id' | 'effective_from'>, at: string) => RatePlanCommand,
  ) {
    const organization_id = existingId(id);
    return transact(this.store, async (work) => {
      const organization = await work.load(organizationSubject(organization_id), organizationState);
      if (organization.state === null) throw organizationNotFound();
      const effective_from = effectiveFrom(from, organization.state.time_zone ?? 'UTC');
      const before = await work.load(ratePlanSubject(organization_id, effective_from), ratePlan);
      requireMatch(request.header('If-Match'), before);
      return work.append(
        before,
        decide(before.state, command({ organization_id, effective_from }, work.next(before).at)),
      );
    });
  }
}
