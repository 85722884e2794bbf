import {
  Body,
  Controller,
  Delete,
  Headers,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Request, Response } from 'express';
import { uuidv7 } from 'uuidv7';
import type { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import { addressesOf } from '../address/standing.pg.js';
import { allowedPools } from '../bridge/allowed-pools.pg.js';
import { poolProblems } from '../bridge/pool-policy.js';
import type { Config } from '../config.js';
import type { NextEvent } from '../event-store/decided.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { handle } from '../event-store/handle.pg.js';
import { etagOf, requireMatch } from '../http/etag.js';
import { invalidRequest } from '../http/field-problems.js';
import { createOnce, idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE, KEY_RING, PLACE } from '../tokens.js';
import { deleteTrunk } from './delete-trunk.pg.js';
import { sealedPassword } from './sealed-password.process.js';
import { readNewTrunk } from './new-trunk.js';
import { patchTrunk, readTrunk, trunkBody, type TrunkBodySchema, type WantedTrunk } from './trunk-input.js';
import { deletionQuery, trunkIdOf } from './trunk-query.js';
import { CREATE, REPLACE, UPDATE } from './trunk-routes.js';
import { trunkView, viewOf, type TrunkView } from './trunk-view.js';
import { decide, trunkNotFound, type Place, type TrunkChange } from './trunk.js';

/** The trunk that a request changes. */
interface Target {
  organizationId: string;
  id: string;
  request: Request;
}

/** What changes trunks; trunk.controller.ts reads them. */
@Controller('api/v1/sip-trunks')
export class TrunkChangeController {
  private readonly body: TrunkBodySchema;
  private readonly operatorBody: TrunkBodySchema;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
    @Inject(PLACE) private readonly place: Place,
    @Inject(CONFIG) config: Config,
  ) {
    this.body = trunkBody({ allowPrivate: config.ALLOW_PRIVATE_GATEWAYS });
    this.operatorBody = trunkBody({ allowPrivate: config.ALLOW_PRIVATE_GATEWAYS, operator: true });
  }

  @Post()
  @Access('manage')
  @Described(CREATE)
  async create(
    @OrganizationId() organizationId: string,
    @Body() written: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<unknown> {
    const approved = isOperator(request);
    const pools = await this.poolsFor(request, organizationId);
    const {
      settings,
      enabled = true,
      password,
    } = requirePool(readNewTrunk(this.bodyFor(request), written), null, pools);
    const answer = await createOnce(this.store, idempotencyKeyOf(request, organizationId), async (work) => {
      const id = uuidv7();
      const before = work.fresh<TrunkState>(trunkSubject(organizationId, id));
      const sealed = sealedPassword(this.keyRing, password ?? null, { id, password: null }) ?? null;
      const events = decide(
        null,
        {
          type: 'CreateTrunk',
          id,
          organization_id: organizationId,
          settings,
          enabled,
          password: sealed,
          place: this.place,
          approved,
        },
        work.next(before),
      );
      const after = work.append(before, events);
      await work.flush();
      const addresses = await addressesOf(work.manager, after.state!);
      return {
        status: 201,
        headers: { Location: `/api/v1/sip-trunks/${id}`, ETag: etagOf(after.version) },
        body: viewOf(after.state!, addresses),
      };
    });
    response.status(answer.status).set(answer.headers);
    return answer.body;
  }

  @Put(':id')
  @Access('manage')
  @Described(REPLACE)
  replace(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body() written: unknown,
    @Req() request: Request,
  ): Promise<TrunkView> {
    return this.write({ organizationId, id, request }, written, readTrunk);
  }

  @Patch(':id')
  @Access('manage')
  @Described(UPDATE)
  patch(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body() written: unknown,
    @Req() request: Request,
  ): Promise<TrunkView> {
    return this.write({ organizationId, id, request }, written, patchTrunk);
  }

  @Post(':id/enable')
  @HttpCode(200)
  @Access('manage')
  @Described({ id: 'enableTrunk', summary: 'Return a trunk to routing', answer: trunkView })
  enable(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Req() request: Request,
  ): Promise<TrunkView> {
    return this.change({ organizationId, id, request }, (state, next) =>
      decide(state, { type: 'EnableTrunk', place: this.place }, next),
    );
  }

  @Post(':id/disable')
  @HttpCode(200)
  @Access('manage')
  @Described({ id: 'disableTrunk', summary: 'Take a trunk out of routing and keep its credentials', answer: trunkView })
  disable(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Req() request: Request,
  ): Promise<TrunkView> {
    return this.change({ organizationId, id, request }, (state, next) => decide(state, { type: 'DisableTrunk' }, next));
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('manage')
  @Described({ id: 'deleteTrunk', summary: 'Delete a trunk', status: 204 })
  async remove(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Query({ schema: deletionQuery }) { force }: z.output<typeof deletionQuery>,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await deleteTrunk(this.store, { organizationId, id: trunkIdOf(id), force }, (before) =>
      requireMatch(ifMatch, before),
    );
  }

  private bodyFor(request: Request): TrunkBodySchema {
    return isOperator(request) ? this.operatorBody : this.body;
  }

  /** Undefined: any. */
  private poolsFor(request: Request, organizationId: string): Promise<readonly string[]> | undefined {
    return isOperator(request) ? undefined : allowedPools(this.store, organizationId);
  }

  /** `read`: how the body is taken, as a whole trunk or as a patch. */
  private async write(
    target: Target,
    written: unknown,
    read: (schema: TrunkBodySchema, written: unknown, existing: TrunkState) => WantedTrunk,
  ): Promise<TrunkView> {
    const { organizationId, request } = target;
    const pools = await this.poolsFor(request, organizationId);
    return this.change(target, (state, next) => {
      const wanted = requirePool(read(this.bodyFor(request), written, state), state, pools);
      return this.changed(state, wanted, { next, approved: isOperator(request) });
    });
  }

  private changed(
    state: TrunkState,
    { settings, enabled, password }: WantedTrunk,
    { next, approved }: { next: NextEvent; approved: boolean },
  ): TrunkChange[] {
    const sealed = sealedPassword(this.keyRing, password, state);
    return decide(
      state,
      { type: 'ChangeTrunk', settings, enabled, password: sealed, place: this.place, approved },
      next,
    );
  }

  private async change(
    { organizationId, id, request }: Target,
    decideOn: (state: TrunkState, next: NextEvent) => TrunkChange[],
  ): Promise<TrunkView> {
    const after = await handle(
      this.store,
      { subject: trunkSubject(organizationId, trunkIdOf(id)), schema: trunkState },
      (state, next) => {
        if (state === null) throw trunkNotFound();
        return decideOn(state, next);
      },
      (before) => {
        if (before.state !== null) requireMatch(request.header('If-Match'), before);
      },
    );
    request.res!.set('ETag', etagOf(after.version));
    return viewOf(after.state!, await addressesOf(this.store, after.state!));
  }
}

function requirePool(
  wanted: WantedTrunk,
  existing: TrunkState | null,
  allowed: readonly string[] | undefined,
): WantedTrunk {
  const problems = poolProblems(wanted.settings.bridge_pool, existing, allowed);
  if (problems.length > 0) throw invalidRequest(problems);
  return wanted;
}

/** The operator's claims on addresses are approved. */
const isOperator = (request: Request) => request.caller!.role === 'bootstrap';
