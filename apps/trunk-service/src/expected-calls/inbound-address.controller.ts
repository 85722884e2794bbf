import { Body, Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState } from '@trunkmesh/contracts/trunk.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Request } from 'express';
import type { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import { addressesOf } from '../address/standing.pg.js';
import type { Config } from '../config.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { handle } from '../event-store/handle.pg.js';
import { etagOf } from '../http/etag.js';
import { invalidRequest } from '../http/field-problems.js';
import { Described } from '../http/open-api.http.js';
import { readInboundAddress } from '../network/inbound-address.js';
import { EVENT_STORE, PLACE } from '../tokens.js';
import { patchTrunk, trunkBody } from '../trunk/trunk-input.js';
import { trunkIdOf } from '../trunk/trunk-query.js';
import { trunkView, viewOf, type TrunkView } from '../trunk/trunk-view.js';
import { decide, trunkNotFound, type Place } from '../trunk/trunk.js';
import { addAddressBody } from './expected-call-view.js';

/** "Add this address to the trunk" as one request, by the rules of a change of the trunk. */
@Controller('api/v1/sip-trunks')
export class InboundAddressController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PLACE) private readonly place: Place,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** An address that the trunk has already changes nothing. */
  @Post(':id/inbound-addresses')
  @HttpCode(200)
  @Access('manage')
  @Described({
    id: 'addInboundAddress',
    summary: 'Add an address to those that calls of the trunk may come from',
    answer: trunkView,
    body: { 'application/json': addAddressBody },
  })
  async add(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body({ schema: addAddressBody }) { address }: z.output<typeof addAddressBody>,
    @Req() request: Request,
  ): Promise<TrunkView> {
    const isOperator = request.caller!.role === 'bootstrap';
    const schema = trunkBody({ allowPrivate: this.config.ALLOW_PRIVATE_GATEWAYS, operator: isOperator });
    const text = addressText(address);
    const after = await handle(
      this.store,
      { subject: trunkSubject(organizationId, trunkIdOf(id)), schema: trunkState },
      (state, next) => {
        if (state === null) throw trunkNotFound();
        const inbound_addresses = [...new Set([...state.inbound_addresses, text])];
        const { settings, enabled } = patchTrunk(schema, { inbound_addresses }, state);
        const change = { type: 'ChangeTrunk', settings, enabled, password: undefined, approved: isOperator } as const;
        return decide(state, { ...change, place: this.place }, next);
      },
    );
    request.res!.set('ETag', etagOf(after.version));
    return viewOf(after.state!, await addressesOf(this.store, after.state!));
  }
}

/** Its fault is that of this request's own field; the others are those of the trunk. */
function addressText(address: string): string {
  const reading = readInboundAddress(address.trim());
  if (reading.ok) return reading.text;
  throw invalidRequest([{ pointer: '/address', message: reading.message }]);
}
