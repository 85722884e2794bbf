import {
  Body,
  Controller,
  Delete,
  Get,
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
import type { NumberState } from '@trunkmesh/contracts/number.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Request, Response } from 'express';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import type { SealSecret } from '../call-settings/call-settings.js';
import type { Config } from '../config.js';
import { Access, OrganizationId } from '../access/access.guard.js';
import { etagOf, isUnchanged, requireMatch } from '../http/etag.js';
import { parseRequest } from '../http/field-problems.js';
import { idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { KnownTotals } from '../event-store/known-totals.js';
import { CSV, streamCsv } from '../http/csv-stream.http.js';
import { MAX_PAGE, pageHeaders } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { sealingWith } from '../secrets/sealed-secret.process.js';
import { KEY_RING, EVENT_STORE } from '../tokens.js';
import {
  assignNumber,
  NUMBER_SCHEMAS,
  numberSchemas,
  numberView,
  patchFields,
  presentNumber,
  putFields,
  type NumberInput,
  type NumberSchemas,
} from './number-input.js';
import { EXPORT_COLUMNS, exportCells } from './number-export.js';
import { claimedUntil } from './number-claim.pg.js';
import { existingId, findNumber, listNumbers, numberQuery, numbersFrom, type NumberQuery } from './number-query.pg.js';
import { requireVerifier } from './verified-caller.js';
import { addNumber, changeNumber, removeNumber } from './number-write.pg.js';

const CHANGE = NUMBER_SCHEMAS.change.meta({ id: 'PhoneNumberChange' });

type Change = NumberInput & { phone_number?: string };

@Controller('api/v1')
export class NumberController {
  private readonly schemas: NumberSchemas;
  private readonly seal: SealSecret;
  private readonly totals = new KnownTotals(() => performance.now());

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEY_RING) keyRing: KeyRing,
    @Inject(CONFIG) config: Config,
  ) {
    this.schemas = numberSchemas({ allowPrivate: config.ALLOW_PRIVATE_GATEWAYS });
    this.seal = sealingWith(keyRing);
  }

  @Get('phone-numbers')
  @Access('read')
  @Described({
    id: 'listPhoneNumbers',
    summary: 'List the phone numbers; with "Accept: text/csv" all that match, as a file that can be imported',
    answer: z.array(numberView),
  })
  async list(
    @OrganizationId() organizationId: string,
    @Query({ schema: numberQuery }) query: NumberQuery,
    @Res() response: Response,
  ): Promise<void> {
    if ((response.req.header('Accept') ?? '').includes(CSV)) {
      const file = { name: 'numbers.csv', columns: EXPORT_COLUMNS, first: query.cursor };
      await streamCsv(response, file, async (cursor) => {
        const { numbers, next } = await numbersFrom(this.store, organizationId, { ...query, cursor, limit: MAX_PAGE });
        return { items: numbers.map(exportCells), next: next ?? null };
      });
      return;
    }
    const page = await listNumbers(this.store, organizationId, query, this.totals);
    response.set(pageHeaders(response.req.originalUrl, page)).json(page.numbers.map(presentNumber));
  }

  @Post('phone-numbers')
  @Access('manage')
  @Described({
    id: 'createPhoneNumber',
    summary: 'Add a phone number',
    status: 201,
    answer: numberView,
    body: { 'application/json': NUMBER_SCHEMAS.create.meta({ id: 'PhoneNumberInput' }) },
  })
  async add(
    @OrganizationId() organizationId: string,
    @Body() written: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const input = parseRequest(this.schemas.create, written);
    requireVerifier(request.caller!.role, input.is_verified_caller_id, false);
    const answer = await addNumber(this.store, idempotencyKeyOf(request, organizationId), organizationId, {
      id: uuidv7(),
      input,
      seal: this.seal,
    });
    response.status(answer.status).set(answer.headers);
    return answer.body;
  }

  @Get('phone-numbers/:id')
  @Access('read')
  @Described({ id: 'getPhoneNumber', summary: 'Get a phone number', answer: numberView })
  async get(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ) {
    const { version, state } = await findNumber(this.store, organizationId, existingId(id));
    response.set('ETag', etagOf(version));
    const claimed_until = await claimedUntil(this.store, organizationId, state.phone_number);
    if (!isUnchanged(ifNoneMatch, version)) return { ...presentNumber(state), claimed_until };
    response.status(304);
    return undefined;
  }

  @Put('phone-numbers/:id')
  @Access('manage')
  @Described({
    id: 'replacePhoneNumber',
    summary: 'Replace a phone number; without `signing_secret` the present one stays',
    answer: numberView,
    body: { 'application/json': CHANGE },
  })
  put(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body() written: unknown,
    @Req() request: Request,
  ) {
    const input = parseRequest(this.schemas.change, written);
    return this.change({ organizationId, id: existingId(id) }, request, (before) =>
      putFields(sameNumber(input, before), before, this.seal),
    );
  }

  @Patch('phone-numbers/:id')
  @Access('manage')
  @Described({
    id: 'updatePhoneNumber',
    summary: 'Change some fields of a phone number; null clears a call setting',
    answer: numberView,
    body: { 'application/json': CHANGE },
  })
  patch(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body() written: unknown,
    @Req() request: Request,
  ) {
    const input = parseRequest(this.schemas.change, written);
    return this.change({ organizationId, id: existingId(id) }, request, (before) =>
      patchFields(sameNumber(input, before), before, this.seal),
    );
  }

  /** The platform's own way to assign a number (reference: an empty string clears). */
  @Patch('assistants/organization/phone-numbers/:id')
  @Access('manage')
  @Described({
    id: 'assignPhoneNumber',
    summary: 'Assign a phone number; an empty string clears the field',
    answer: numberView,
  })
  assign(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body({ schema: assignNumber }) input: NumberInput,
    @Req() request: Request,
  ) {
    return this.change({ organizationId, id: existingId(id) }, request, (before) =>
      patchFields(input, before, this.seal),
    );
  }

  @Delete('phone-numbers/:id')
  @Access('manage')
  @HttpCode(204)
  @Described({ id: 'deletePhoneNumber', summary: 'Remove a phone number', status: 204 })
  async remove(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    await removeNumber(this.store, { organizationId, id: existingId(id) }, (before) => requireMatch(ifMatch, before));
  }

  private async change(
    which: { organizationId: string; id: string },
    request: Request,
    changes: Parameters<typeof changeNumber>[2],
  ) {
    const checked = (before: NumberState) => {
      const changed = changes(before);
      requireVerifier(request.caller!.role, changed.is_verified_caller_id, before.is_verified_caller_id);
      return changed;
    };
    const after = await changeNumber(this.store, which, checked, (before) =>
      requireMatch(request.header('If-Match'), before),
    );
    request.res!.set('ETag', etagOf(after.version));
    return presentNumber(after.state!);
  }
}

/** The number is the entity: another one is another entity. */
function sameNumber({ phone_number, ...input }: Change, before: NumberState): NumberInput {
  if (phone_number === undefined || phone_number === before.phone_number) return input;
  throw new DomainError(
    'invalid-request',
    'A phone number cannot be changed into another one. Remove it and add the other.',
    [{ pointer: '/phone_number', message: `must stay ${before.phone_number}, or be left out` }],
  );
}
