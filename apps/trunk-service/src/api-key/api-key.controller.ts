import { randomBytes } from 'node:crypto';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import type { Request, Response } from 'express';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { Access, CurrentCaller, OrganizationId } from '../access/access.guard.js';
import { keyText } from '../access/api-key-text.js';
import { hashOf } from '../access/authenticator.pg.js';
import type { KnownKeys } from '../access/known-keys.js';
import { organizationOf, type Caller } from '../http/caller.js';
import { createOnce, idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { pageHeaders, pageQuery, type PageQuery } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { noteChange } from '../event-store/note-change.pg.js';
import { KEYS, EVENT_STORE } from '../tokens.js';
import { insertApiKey, apiKeyPage, revokeApiKey } from './api-key-list.pg.js';
import { apiKeyCreation, apiKeyView, apiKeyViewSchema, type ApiKeyView } from './api-key.js';

@Controller('api/v1/api-keys')
export class ApiKeyController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEYS) private readonly keys: KnownKeys<unknown>,
  ) {}

  /** The key is in this answer and nowhere else, not in the one that a repeated Idempotency-Key gets either. */
  @Post()
  @Access('manage')
  @Described({
    id: 'createApiKey',
    summary: 'Create an API key; it is shown in this answer only',
    status: 201,
    answer: apiKeyViewSchema
      .extend({
        key: z
          .string()
          .nullable()
          .describe('The key, shown in this answer only; null in the answer to a repeated Idempotency-Key.'),
      })
      .meta({ id: 'CreatedApiKey' }),
  })
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: apiKeyCreation }) wanted: z.output<typeof apiKeyCreation>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<unknown> {
    const organization_id = ownerOf(caller, wanted.organization_id);
    const answer = await createOnce(
      this.store,
      idempotencyKeyOf(request, organization_id),
      async (work) => {
        const lookup = randomBytes(8).toString('hex');
        const key = keyText(lookup, randomBytes(32).toString('base64url'));
        const row = {
          id: uuidv7(),
          organization_id,
          lookup,
          name: wanted.name,
          role: wanted.role,
          created_at: new Date(work.at),
          last_used_at: null,
        };
        await insertApiKey(work.manager, { ...row, hash: hashOf(key) });
        await this.store.quotas?.check(work.manager, organization_id, 'api_keys', 1);
        await noteChange(work.manager, {
          organization_id,
          kind: 'api-key',
          id: row.id,
          name: row.name,
          type: 'ApiKeyCreated',
          before: null,
          after: { name: row.name, role: row.role },
        });
        return { status: 201, headers: { Location: `/api/v1/api-keys/${row.id}` }, body: { ...apiKeyView(row), key } };
      },
      { stored: (body) => ({ ...(body as object), key: null }) },
    );
    response.status(answer.status).set(answer.headers);
    return answer.body;
  }

  @Get()
  @Access('manage')
  @Described({
    id: 'listApiKeys',
    summary: 'List the API keys that are not revoked',
    answer: z.array(apiKeyViewSchema),
  })
  async list(
    @OrganizationId() organizationId: string,
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ApiKeyView[]> {
    const page = await apiKeyPage(this.store, organizationId, query);
    response.set(pageHeaders(request.originalUrl, page));
    return page.rows.map(apiKeyView);
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('manage')
  @Described({ id: 'revokeApiKey', summary: 'Revoke an API key, from the next request on', status: 204 })
  async revoke(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    const known = uuid.safeParse(id).success && (await revokeApiKey(this.store, caller.organization?.id ?? null, id));
    this.keys.forget(performance.now());
    if (!known) throw new DomainError('api-key-not-found', 'There is no such API key.');
  }
}

/** The bootstrap key may name the organisation in the body, or in the header; an admin has one. */
function ownerOf(caller: Caller, named: string | undefined): string {
  if (named === undefined) return organizationOf(caller);
  const acting = caller.organization?.id ?? null;
  if (acting !== null && acting !== named.toLowerCase())
    throw new DomainError('not-allowed', 'A key can only be made for the organisation that the caller acts for.', [
      { pointer: '/organization_id', message: 'is another organisation' },
    ]);
  return named.toLowerCase();
}
