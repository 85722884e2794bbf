import { Body, Controller, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Config } from '../config.js';
import { Access, BodyLimit } from '../access/access.guard.js';
import { LARGE_BODY } from '../http/body.http.js';
import { organizationOf, type Caller } from '../http/caller.js';
import { parseRequest } from '../http/field-problems.js';
import { Described } from '../http/open-api.http.js';
import { streamProgress } from '../http/progress.http.js';
import { numberSchemas, type NumberSchemas } from '../number/number-input.js';
import { organizationNotFound } from '../organization/organization.js';
import { organizationRow } from '../organization/organization-list.pg.js';
import { awaitVerdicts, VerdictSources } from '../status/await-verdicts.nats.js';
import { KEY_RING, PLACE } from '../tokens.js';
import { trunkBody, type TrunkBodySchema } from '../trunk/trunk-input.js';
import { syncOrganization } from './organization-sync.pg.js';
import type { Place } from '../trunk/trunk.js';
import { changeReport } from './change-report.js';
import { organizationSync } from './sync-input.js';
import { syncReport } from './sync-report.js';
import { waitQuery } from './sync.controller.js';
import { organizationSyncView } from './sync-view.js';

/** As it is described; what the installation allows is not the description's business. */
const SYNC = organizationSync({ allowPrivate: false });

@Controller('api/sync-organization')
export class OrganizationSyncController {
  private readonly schema: TrunkBodySchema;
  private readonly entry: NumberSchemas['entry'];
  private readonly body: typeof SYNC;

  constructor(
    private readonly sources: VerdictSources,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
    @Inject(PLACE) private readonly place: Place,
    @Inject(CONFIG) config: Config,
  ) {
    const policy = { allowPrivate: config.ALLOW_PRIVATE_GATEWAYS };
    this.schema = trunkBody(policy);
    this.entry = numberSchemas(policy).entry;
    this.body = organizationSync(policy);
  }

  /**
   * What was changed is committed, whatever the bridges then say. A platform pushes what its customers wrote, so that
   * not even the operator's key approves wide or private networks here; the trunk's own routes do.
   */
  @Post()
  @Access('publish')
  @Described({
    id: 'syncOrganization',
    answer: organizationSyncView,
    summary: 'Push the whole configuration of an organisation; what is not in it is removed',
    body: { 'application/json': SYNC.meta({ id: 'OrganizationSync' }) },
  })
  @BodyLimit(LARGE_BODY)
  async sync(
    @Body() written: unknown,
    @Query({ schema: waitQuery }) { timeout_ms }: z.output<typeof waitQuery>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const body = parseRequest(this.body, written);
    const organizationId = await this.target(request.caller!, body.organization_id);
    const {
      keyRing,
      schema,
      entry,
      place,
      sources: { store },
    } = this;
    await streamProgress({ request, response, logger: store.logger }, async (signal, progress) => {
      progress({ stage: 'writing', done: 0, total: body.trunks.length + body.numbers.length });
      const changes = await syncOrganization(
        { store, keyRing, schema, entry, place },
        { ...body, organizationId },
        signal,
      );
      const waiting = {
        timeoutMs: timeout_ms,
        signal,
        progress: (done: number, total: number) => progress({ stage: 'waiting', done, total }),
      };
      const verdicts = await awaitVerdicts(this.sources, organizationId, waiting);
      return {
        status: 200,
        headers: {},
        body: { organization_id: organizationId, ...changeReport(changes), ...syncReport(verdicts) },
      };
    });
  }

  /** A key syncs its own organisation; the bootstrap key the one that the body or the header names. */
  private async target(caller: Caller, named: string | undefined): Promise<string> {
    if (caller.organization === null && named !== undefined) {
      if ((await organizationRow(this.sources.store, named)) === undefined) throw organizationNotFound();
      return named;
    }
    const own = organizationOf(caller);
    if (named === undefined || named === own) return own;
    if (caller.role === 'bootstrap')
      throw new DomainError('invalid-request', 'The body and the header X-Organization-Id name two organisations.', [
        { pointer: '/organization_id', message: 'is not the one in the header X-Organization-Id' },
      ]);
    // As if it did not exist.
    throw organizationNotFound();
  }
}
