import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { canceledRequest, type CanceledAnswer, type CanceledRequest } from '@trunkmesh/contracts/outbound-call.js';
import { OUTBOUND_CANCELED } from '@trunkmesh/contracts/subjects.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { canceledAmong } from './outbound-calls.pg.js';

@Injectable()
@Catch()
class CanceledRefusals extends RefusalFilter<CanceledAnswer> {
  constructor(@Inject(LOGGER) logger: Logger) {
    super((error) => {
      logger.warn({ err: error }, 'cannot say which calls were canceled');
      return { canceled: [] };
    });
  }
}

/** A bridge that has just started asks about the calls that it ends. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(CanceledRefusals)
export class CanceledController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @MessagePattern(OUTBOUND_CANCELED, { span: 'outbound.canceled' })
  async canceled(@Payload({ schema: canceledRequest }) { call_ids }: CanceledRequest): Promise<CanceledAnswer> {
    return { canceled: await canceledAmong(this.store, call_ids) };
  }
}
