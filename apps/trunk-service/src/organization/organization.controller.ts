import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { organizationState, type OrganizationState } from '@trunkmesh/contracts/organization.js';
import { organizationSubject } from '@trunkmesh/contracts/subjects.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Request, Response } from 'express';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import type { KnownKeys } from '../access/known-keys.js';
import { patchedSettings, type SealSecret } from '../call-settings/call-settings.js';
import type { Config } from '../config.js';
import { Access, CurrentCaller } from '../access/access.guard.js';
import type { Caller } from '../http/caller.js';
import { etagOf, isUnchanged, requireMatch } from '../http/etag.js';
import { parseRequest } from '../http/field-problems.js';
import { createOnce, idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { pageHeaders, pageQuery, type PageQuery } from '../http/page.js';
import { LiveFleet } from '../bridge/live-fleet.pg.js';
import { handle } from '../event-store/handle.pg.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { sealingWith } from '../secrets/sealed-secret.process.js';
import { KEY_RING, KEYS, NATS, EVENT_STORE } from '../tokens.js';
import { endCallsOf } from './end-calls.nats.js';
import {
  organizationSchemas,
  organizationView,
  presentOrganization,
  requireSamePools,
  requireSameQuotas,
  requireSameStatus,
  suspension,
  suspensionView,
  type OrganizationView,
  type SuspensionView,
} from './organization-input.js';
import { organizationPage, organizationRow } from './organization-list.pg.js';
import { decide, organizationNotFound, type OrganizationCommand } from './organization.js';
import { existingId, visibleTo } from './visible-to.js';

/** Creations of the operator have no organisation of their own to keep their Idempotency-Key under. */
const OPERATOR = '00000000-0000-0000-0000-000000000000';
/** As they are described; what the installation allows is not the description's business. */
const { creation: CREATION, change: CHANGE } = organizationSchemas({ allowPrivate: false });

@Controller('api/v1/organizations')
export class OrganizationController {
  @Inject(LiveFleet) private readonly fleet!: LiveFleet;
  @Inject(NATS) private readonly nats!: NatsLink;
  private readonly schemas: ReturnType<typeof organizationSchemas>;
  private readonly seal: SealSecret;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEYS) private readonly keys: KnownKeys<unknown>,
    @Inject(KEY_RING) keyRing: KeyRing,
    @Inject(CONFIG) config: Config,
  ) {
    this.schemas = organizationSchemas({ allowPrivate: config.ALLOW_PRIVATE_GATEWAYS });
    this.seal = sealingWith(keyRing);
  }

  @Post()
  @Access('operate')
  @Described({
    id: 'createOrganization',
    summary: 'Add an organisation',
    status: 201,
    answer: organizationView,
    body: { 'application/json': CREATION.meta({ id: 'OrganizationInput' }) },
  })
  async create(
    @Req() request: Request,
    @Body() written: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<unknown> {
    const { settings = {}, ...plain } = parseRequest(this.schemas.creation, written);
    const answer = await createOnce(this.store, idempotencyKeyOf(request, OPERATOR), async (work) => {
      const id = uuidv7();
      const before = work.fresh<OrganizationState>(organizationSubject(id));
      const after = work.append(
        before,
        decide(null, {
          type: 'CreateOrganization',
          id,
          fields: { ...plain, call_settings: patchedSettings(settings, { id }, this.seal) },
          at: work.at,
        }),
      );
      return {
        status: 201,
        headers: { Location: `/api/v1/organizations/${id}`, ETag: etagOf(after.version) },
        body: presentOrganization(after.state!),
      };
    });
    response.status(answer.status).set(answer.headers);
    return answer.body;
  }

  @Get()
  @Access('read')
  @Described({
    id: 'listOrganizations',
    summary: 'List the organisations that the key may see',
    answer: z.array(organizationView),
  })
  async list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<OrganizationView[]> {
    const page = await organizationPage(this.store, caller.organization?.id ?? null, query);
    response.set(pageHeaders(request.originalUrl, page));
    return page.rows.map(({ state }) => presentOrganization(state));
  }

  @Get(':id')
  @Access('read')
  @Described({ id: 'getOrganization', summary: 'Get an organisation', answer: organizationView })
  async get(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<OrganizationView | undefined> {
    const row = await organizationRow(this.store, visibleTo(caller, id));
    if (row === undefined) throw organizationNotFound();
    response.set('ETag', etagOf(row.version));
    if (!isUnchanged(ifNoneMatch, row.version)) return presentOrganization(row.state);
    response.status(304);
    return undefined;
  }

  @Patch(':id')
  @Access('manage')
  @Described({
    id: 'updateOrganization',
    summary: 'Change some fields of an organisation; null clears a call setting',
    answer: organizationView,
    body: { 'application/json': CHANGE.meta({ id: 'OrganizationChange' }) },
  })
  change(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() written: unknown,
    @Req() request: Request,
  ): Promise<OrganizationView> {
    const changes = parseRequest(this.schemas.change, written);
    const { settings, status: _status, ...fields } = changes;
    return this.carryOut(visibleTo(caller, id), request, (at, state) => {
      requireSameStatus(changes, state);
      if (caller.role !== 'bootstrap') {
        requireSameQuotas(changes, state);
        requireSamePools(changes, state);
      }
      const call_settings = settings && state ? patchedSettings(settings, state, this.seal) : undefined;
      return {
        type: 'ChangeOrganization',
        changes: { ...fields, call_settings },
        at,
      };
    });
  }

  @Post(':id/suspend')
  @HttpCode(200)
  @Access('operate')
  @Described({
    id: 'suspendOrganization',
    summary:
      "Suspend: new calls are refused, the organisation's keys change nothing; " +
      'calls that go on stay up unless `end_calls`. May be repeated',
    answer: suspensionView,
    body: { 'application/json': suspension },
    bodyOptional: true,
  })
  async suspend(@Param('id') id: string, @Body() written: unknown, @Req() request: Request): Promise<SuspensionView> {
    const { end_calls } = parseRequest(suspension, written ?? {});
    const known = existingId(id);
    const suspended = await this.carryOut(known, request, (at) => ({ type: 'SuspendOrganization', at }));
    if (!end_calls) return suspended;
    return { ...suspended, ended_calls: await endCallsOf(known, await this.fleet.read(), this.nats) };
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Access('operate')
  @Described({ id: 'resumeOrganization', summary: 'Resume a suspended organisation', answer: organizationView })
  resume(@Param('id') id: string, @Req() request: Request): Promise<OrganizationView> {
    return this.carryOut(existingId(id), request, (at) => ({ type: 'ResumeOrganization', at }));
  }

  private async carryOut(
    id: string,
    request: Request,
    command: (at: string, state: OrganizationState | null) => OrganizationCommand,
  ): Promise<OrganizationView> {
    const entity = { subject: organizationSubject(id), schema: organizationState };
    const after = await handle(
      this.store,
      entity,
      (state, { at }) => decide(state, command(at, state)),
      (before) => requireMatch(request.header('If-Match'), before),
    );
    // A suspension counts for keys that are known already.
    this.keys.forget(performance.now());
    request.res!.set('ETag', etagOf(after.version));
    return presentOrganization(after.state!);
  }
}
