import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { verificationCall, type VerificationAnswer, type VerificationCall } from '@trunkmesh/contracts/address.js';
import { ADDRESS_VERIFY } from '@trunkmesh/contracts/subjects.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { InvalidRequest, RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { invalidCall, UNAVAILABLE } from './judge.js';
import { takeVerificationCall } from './verification.pg.js';

@Injectable()
@Catch()
class VerificationRefusals extends RefusalFilter<VerificationAnswer> {
  constructor(@Inject(LOGGER) logger: Logger) {
    super((error) => {
      if (error instanceof InvalidRequest) return invalidCall('The request is not a verification call.');
      logger.warn({ err: error }, 'cannot judge a verification call');
      return UNAVAILABLE;
    });
  }
}

/** Calls to verification codes, which the bridges report. One copy of the service answers each request. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(VerificationRefusals)
export class VerificationCallController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @MessagePattern(ADDRESS_VERIFY, { span: 'address.verify' })
  verify(@Payload({ schema: verificationCall }) call: VerificationCall): Promise<VerificationAnswer> {
    return takeVerificationCall(this.store, call);
  }
}
