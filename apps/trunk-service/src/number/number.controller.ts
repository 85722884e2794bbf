import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Request, Response } from 'express';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { Access, OrganizationId } from '../http/access.guard.js';
import { etagOf, isUnchanged, requireMatch } from '../http/etag.js';
import { idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { pageHeaders } from '../http/page.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { RECORD } from '../tokens.js';
import { assignNumber, changeNumber as changeSchema, createNumber, numberView, patchFields, presentNumber, putFields, type CreateNumber, type NumberInput } from './number-input.js';
import { existingId, findNumber, listNumbers, numberQuery, type NumberQuery } from './number-query.pg.js';
import { addNumber, changeNumber, removeNumber } from './number-write.pg.js';

type Change = NumberInput & { phone_number?: string };

@Controller('api/v1')
export class NumberController {
  constructor(@Inject(RECORD) private readonly record: RecordStore) {}

  @Get('phone-numbers')
  @Access('read')
  @Described({ summary: 'The phone numbers', answer: z.array(numberView) })
  async list(@OrganizationId() organizationId: string, @Query({ schema: numberQuery }) query: NumberQuery, @Req() request: Request, @Res({ passthrough: true }) response: Response) {
    const page = await listNumbers(this.record, organizationId, query);
    response.set(pageHeaders(request.originalUrl, page));
    return page.numbers.map(presentNumber);
  }

  @Post('phone-numbers')
  @Access('manage')
  @Described({ summary: 'Add a phone number', status: 201, answer: numberView })
  async add(@OrganizationId() organizationId: string, @Body({ schema: createNumber }) input: CreateNumber, @Req() request: Request, @Res({ passthrough: true }) response: Response) {
    const answer = await addNumber(this.record, idempotencyKeyOf(request, organizationId), organizationId, { id: uuidv7(), input });
    response.status(answer.status).set(answer.headers);
    return answer.body;
  }

  @Get('phone-numbers/:id')
  @Access('read')
  @Described({ summary: 'One phone number', answer: numberView })
  async get(@OrganizationId() organizationId: string, @Param('id') id: string, @Headers('if-none-match') ifNoneMatch: string | undefined, @Res({ passthrough: true }) response: Response) {
    const { version, state } = await findNumber(this.record, organizationId, existingId(id));
    response.set('ETag', etagOf(version));
    if (!isUnchanged(ifNoneMatch, version)) return presentNumber(state);
    response.status(304);
    return undefined;
  }

  @Put('phone-numbers/:id')
  @Access('manage')
  @Described({ summary: 'Change a phone number as a whole', answer: numberView })
  put(@OrganizationId() organizationId: string, @Param('id') id: string, @Body({ schema: changeSchema }) input: Change, @Req() request: Request) {
    return this.change({ organizationId, id: existingId(id) }, request, (before) => putFields(sameNumber(input, before), before));
  }

  @Patch('phone-numbers/:id')
  @Access('manage')
  @Described({ summary: 'Change some fields', answer: numberView })
  patch(@OrganizationId() organizationId: string, @Param('id') id: string, @Body({ schema: changeSchema }) input: Change, @Req() request: Request) {
    return this.change({ organizationId, id: existingId(id) }, request, (before) => patchFields(sameNumber(input, before), before));
  }

  /** The platform's own way to assign a number (reference: an empty string clears). */
  @Patch('assistants/organization/phone-numbers/:id')
  @Access('manage')
  @Described({ summary: 'Assign a phone number; an empty text clears', answer: numberView })
  assign(@OrganizationId() organizationId: string, @Param('id') id: string, @Body({ schema: assignNumber }) input: NumberInput, @Req() request: Request) {
    return this.change({ organizationId, id: existingId(id) }, request, (before) => patchFields(input, before));
  }

  @Delete('phone-numbers/:id')
  @Access('manage')
  @HttpCode(204)
  @Described({ summary: 'Remove a phone number', status: 204 })
  async remove(@OrganizationId() organizationId: string, @Param('id') id: string, @Headers('if-match') ifMatch: string | undefined) {
    await removeNumber(this.record, { organizationId, id: existingId(id) }, (before) => requireMatch(ifMatch, before));
  }

  private async change(which: { organizationId: string; id: string }, request: Request, changes: Parameters<typeof changeNumber>[2]) {
    const after = await changeNumber(this.record, which, changes, (before) => requireMatch(request.header('If-Match'), before));
    request.res!.set('ETag', etagOf(after.version));
    return presentNumber(after.state!);
  }
}

/** The number is the entity: another one is another entity. */
function sameNumber({ phone_number, ...input }: Change, before: NumberState): NumberInput {
  if (phone_number === undefined || phone_number === before.phone_number) return input;
  throw new DomainError('invalid-request', 'A phone number cannot be changed into another one. Remove it and add the other.', [{ pointer: '/phone_number', message: `must stay ${before.phone_number}, or be left out` }]);
}
