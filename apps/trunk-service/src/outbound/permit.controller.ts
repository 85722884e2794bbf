import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  permitRequest,
  releaseRequest,
  type PermitAnswer,
  type PermitRequest,
  type ReleaseRequest,
} from '@trunkmesh/contracts/outbound-call.js';
import { OUTBOUND_PERMIT, OUTBOUND_RELEASE } from '@trunkmesh/contracts/subjects.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { InvalidRequest, RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { FleetLoads } from './fleet-loads.pg.js';
import { askPermit, releasePermit, type ShareOf } from './permits.pg.js';
import { poolShare } from './pool-share.js';

const refused = (reason: 'invalid-request' | 'unavailable', message: string): PermitAnswer => ({
  outcome: 'refused',
  reason,
  message,
});

@Injectable()
@Catch()
class PermitRefusals extends RefusalFilter<PermitAnswer> {
  constructor(@Inject(LOGGER) logger: Logger) {
    super((error) => {
      if (error instanceof InvalidRequest)
        return refused('invalid-request', `The request cannot be read: ${error.message}.`);
      logger.warn({ err: error }, 'cannot decide about a permit to dial');
      return refused('unavailable', "The database does not answer. Keep to the bridge's share of the limits.");
    });
  }
}

/** The limits of trunks across all bridges. One copy of the service answers each request. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(PermitRefusals)
export class PermitController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly loads: FleetLoads,
  ) {}

  @MessagePattern(OUTBOUND_PERMIT, { span: 'outbound.permit' })
  permit(@Payload({ schema: permitRequest }) request: PermitRequest): Promise<PermitAnswer> {
    const shareOf: ShareOf = (trunk) => poolShare(trunk, request.bridge_id, this.loads.bridges());
    const inbound = request.channels + this.loads.inboundOn(request.trunk_id, request.bridge_id);
    return askPermit(this.store, request, { shareOf, inbound });
  }

  @MessagePattern(OUTBOUND_RELEASE, { span: 'outbound.release' })
  async release(@Payload({ schema: releaseRequest }) request: ReleaseRequest): Promise<{ outcome: 'done' }> {
    await releasePermit(this.store, request);
    return { outcome: 'done' };
  }
}
