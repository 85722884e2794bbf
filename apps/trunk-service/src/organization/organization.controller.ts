import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { organizationState, type OrganizationState } from '@trunkmesh/contracts/organization.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { organizationSubject } from '@trunkmesh/contracts/subjects.js';
import type { Request, Response } from 'express';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import type { KnownKeys } from '../api-key/known-keys.js';
import { Access, CurrentCaller } from '../http/access.guard.js';
import type { Caller } from '../http/caller.js';
import { etagOf, isUnchanged, requireMatch } from '../http/etag.js';
import { createOnce, idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { pageHeaders, pageQuery, type PageQuery } from '../http/page.js';
import { handle } from '../record/handle.pg.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { KEYS, RECORD } from '../tokens.js';
import { organizationChange, organizationCreation } from './organization-input.js';
import { organizationPage, organizationRow } from './organization-list.pg.js';
import { decide, organizationNotFound, type OrganizationCommand } from './organization.js';

/** Creations of the operator have no organisation of their own to keep their Idempotency-Key under. */
const OPERATOR = '00000000-0000-0000-0000-000000000000';

@Controller('api/v1/organizations')
export class OrganizationController {
  constructor(@Inject(RECORD) private readonly record: RecordStore, @Inject(KEYS) private readonly keys: KnownKeys<unknown>) {}

  @Post()
  @Access('operate')
  @Described({ summary: 'Add an organisation', status: 201, answer: organizationState })
  async create(@Req() request: Request, @Body({ schema: organizationCreation }) fields: z.output<typeof organizationCreation>, @Res({ passthrough: true }) response: Response): Promise<unknown> {
    const answer = await createOnce(this.record, idempotencyKeyOf(request, OPERATOR), async (work) => {
      const id = uuidv7();
      const before = work.fresh<OrganizationState>(organizationSubject(id));
      const after = work.record(before, decide(null, { type: 'CreateOrganization', id, fields, at: work.at }));
      return { status: 201, headers: { Location: `/api/v1/organizations/${id}`, ETag: etagOf(after.version) }, body: after.state };
    });
    response.status(answer.status).set(answer.headers);
    return answer.body;
  }

  @Get()
  @Access('read')
  @Described({ summary: 'The organisations that the key may see', answer: z.array(organizationState) })
  async list(@CurrentCaller() caller: Caller, @Query({ schema: pageQuery }) query: PageQuery, @Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<OrganizationState[]> {
    const page = await organizationPage(this.record, caller.organization?.id ?? null, query);
    response.set(pageHeaders(request.originalUrl, page));
    return page.rows.map(({ state }) => state);
  }

  @Get(':id')
  @Access('read')
  @Described({ summary: 'One organisation', answer: organizationState })
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string, @Headers('if-none-match') ifNoneMatch: string | undefined, @Res({ passthrough: true }) response: Response): Promise<OrganizationState | undefined> {
    const row = await organizationRow(this.record, visibleTo(caller, id));
    if (row === undefined) throw organizationNotFound();
    response.set('ETag', etagOf(row.version));
    if (!isUnchanged(ifNoneMatch, row.version)) return row.state;
    response.status(304);
    return undefined;
  }

  @Patch(':id')
  @Access('manage')
  @Described({ summary: 'Change some fields', answer: organizationState })
  change(@CurrentCaller() caller: Caller, @Param('id') id: string, @Body({ schema: organizationChange }) changes: z.output<typeof organizationChange>, @Req() request: Request): Promise<OrganizationState> {
    return this.carryOut(visibleTo(caller, id), request, (at) => ({ type: 'ChangeOrganization', changes, at }));
  }

  @Post(':id/suspend')
  @HttpCode(200)
  @Access('operate')
  @Described({ summary: 'Suspend: no calls, no changes', answer: organizationState })
  suspend(@Param('id') id: string, @Req() request: Request): Promise<OrganizationState> {
    return this.carryOut(existingId(id), request, (at) => ({ type: 'SuspendOrganization', at }));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Access('operate')
  @Described({ summary: 'End a suspension', answer: organizationState })
  resume(@Param('id') id: string, @Req() request: Request): Promise<OrganizationState> {
    return this.carryOut(existingId(id), request, (at) => ({ type: 'ResumeOrganization', at }));
  }

  private async carryOut(id: string, request: Request, command: (at: string) => OrganizationCommand): Promise<OrganizationState> {
    const entity = { subject: organizationSubject(id), schema: organizationState };
    const after = await handle(this.record, entity, (state, { at }) => decide(state, command(at)), (before) => requireMatch(request.header('If-Match'), before));
    // A suspension counts for keys that are known already.
    this.keys.forget();
    request.res!.set('ETag', etagOf(after.version));
    return after.state!;
  }
}

function existingId(id: string): string {
  if (!uuid.safeParse(id).success) throw organizationNotFound();
  return id.toLowerCase();
}

/** To a key, other organisations do not exist. */
function visibleTo(caller: Caller, id: string): string {
  const known = existingId(id);
  if (caller.role !== 'bootstrap' && caller.organization?.id !== known) throw organizationNotFound();
  if (caller.role === 'bootstrap' && caller.organization !== null && caller.organization.id !== known) {
    throw new DomainError('invalid-request', 'The header X-Organization-Id names another organisation than the path.');
  }
  return known;
}
