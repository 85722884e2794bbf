import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE } from '../tokens.js';
import {
  carrierFormat,
  carrierFormatBody,
  formatName,
  type CarrierFormat,
  type CarrierFormatBody,
} from './carrier-format.js';
import { deleteFormat, findFormat, listFormats, putFormat } from './carrier-formats.pg.js';

/** How providers write their CDR files. */
@Controller('api/v1/usage/carrier-formats')
export class CarrierFormatController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @Access('read')
  @Described({
    id: 'listCarrierFormats',
    summary: "List the formats of carriers' CDR files: presets and the organisation's own",
    answer: z.array(carrierFormat),
  })
  list(@OrganizationId() organizationId: string): Promise<CarrierFormat[]> {
    return listFormats(this.store, organizationId);
  }

  @Get(':name')
  @Access('read')
  @Described({ id: 'getCarrierFormat', summary: "Show a format of carriers' CDR files", answer: carrierFormat })
  get(@OrganizationId() organizationId: string, @Param('name') name: string): Promise<CarrierFormat> {
    return findFormat(this.store, organizationId, name);
  }

  @Put(':name')
  @Access('manage')
  @Described({
    id: 'putCarrierFormat',
    summary: "Set a format of the organisation's own; it replaces a preset of the same name",
    answer: carrierFormat,
    body: { 'application/json': carrierFormatBody },
  })
  put(
    @OrganizationId() organizationId: string,
    @Param('name') text: string,
    @Body({ schema: carrierFormatBody }) format: CarrierFormatBody,
  ): Promise<CarrierFormat> {
    const name = formatName.safeParse(text);
    if (!name.success)
      throw new DomainError('invalid-request', `The name of the format ${name.error.issues[0]!.message}.`);
    return putFormat(this.store, organizationId, { name: name.data, format });
  }

  @Delete(':name')
  @HttpCode(204)
  @Access('manage')
  @Described({
    id: 'deleteCarrierFormat',
    summary: "Delete a format of the organisation's own; a preset of the same name counts again",
    status: 204,
  })
  remove(@OrganizationId() organizationId: string, @Param('name') name: string): Promise<void> {
    return deleteFormat(this.store, organizationId, name);
  }
}
