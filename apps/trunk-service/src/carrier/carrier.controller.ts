import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, Query, Req } from '@nestjs/common';
import { carrierId, carrierState, type CarrierState } from '@trunkmesh/contracts/carrier.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { carrierSubject } from '@trunkmesh/contracts/subjects.js';
import type { Request } from 'express';
import { z } from 'zod';
import { Access } from '../access/access.guard.js';
import { etagOf, requireMatch } from '../http/etag.js';
import { Described } from '../http/open-api.http.js';
import { handle } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { carrierBody, carrierFields, type CarrierBody } from './carrier-input.js';
import { carrierRow, listCarriers } from './carrier-list.pg.js';
import { carrierNotFound, decide, type CarrierCommand } from './carrier.js';
import { PRESETS } from './presets.js';

const listQuery = z.strictObject({
  presets: z.enum(['true', 'false']).default('false').describe('`true`: known carriers that can be added.'),
});

/** The operator's list of carriers whose addresses many customers share. */
@Controller('api/v1/carriers')
export class CarrierController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @Access('operate')
  @Described({
    id: 'listCarriers',
    summary: 'List the shared carriers; `presets=true`: known carriers that can be added',
    answer: z.array(carrierState),
  })
  list(@Query({ schema: listQuery }) { presets }: z.output<typeof listQuery>) {
    return presets === 'true' ? PRESETS : listCarriers(this.store);
  }

  @Get(':id')
  @Access('operate')
  @Described({ id: 'getCarrier', summary: 'Get a shared carrier', answer: carrierState })
  async get(@Param('id') id: string): Promise<CarrierState> {
    const row = await carrierRow(this.store, existingId(id));
    if (row === undefined) throw carrierNotFound();
    return row.state;
  }

  /**
   * At these addresses every organisation that claims them is a candidate from then on, and only full public numbers
   * decide.
   */
  @Put(':id')
  @Access('operate')
  @Described({
    id: 'putCarrier',
    summary: 'Add or replace a shared carrier; `{"preset": true}` takes the known networks of that id',
    answer: carrierState,
    body: { 'application/json': carrierBody },
  })
  put(
    @Param('id') id: string,
    @Body({ schema: carrierBody }) body: CarrierBody,
    @Req() request: Request,
  ): Promise<CarrierState> {
    if (!carrierId.safeParse(id).success) {
      throw new DomainError('invalid-request', 'The id of a carrier has 1 to 63 lower-case letters, digits or "-".', [
        { pointer: '', message: 'the id in the path is not usable' },
      ]);
    }
    return this.carryOut(id, request, (at) => ({ type: 'PutCarrier', id, fields: carrierFields(id, body), at }));
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('operate')
  @Described({ id: 'deleteCarrier', summary: 'Remove a carrier from the list', status: 204 })
  async remove(@Param('id') id: string, @Req() request: Request): Promise<void> {
    await this.carryOut(existingId(id), request, () => ({ type: 'RemoveCarrier' }));
  }

  private async carryOut(id: string, request: Request, command: (at: string) => CarrierCommand): Promise<CarrierState> {
    const entity = { subject: carrierSubject(id), schema: carrierState };
    const after = await handle(
      this.store,
      entity,
      (state, { at }) => decide(state, command(at)),
      (before) => requireMatch(request.header('If-Match'), before),
    );
    request.res!.set('ETag', etagOf(after.version));
    return after.state!;
  }
}

function existingId(id: string): string {
  if (!carrierId.safeParse(id).success) throw carrierNotFound();
  return id;
}
