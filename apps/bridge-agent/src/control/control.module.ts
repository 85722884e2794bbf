import { Module } from '@nestjs/common';
import { bridgeRequest, type BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import type { Agent } from '../bridge/agent.process.js';
import type { BridgeLink } from '../bridge/bridge-link.nats.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import type { CallDeadlines, CallParts } from '../call/call-parts.net.js';
import { CallsModule } from '../call/calls.module.js';
import { Drain } from '../call/drain.process.js';
import { EslClient } from '../esl/esl-client.net.js';
import { EventSocketModule } from '../esl/event-socket.module.js';
import { AGENT, CALL_CONTROL, CALL_DEADLINES, CALL_PARTS, NATS_LINK } from '../tokens.js';
import { CallControlController, type CallControlPorts } from './call-control.controller.js';

/**
 * Requests about the calls of this host. They are answered once this process has the bridge, and until the drain is
 * over.
 */
@Module({
  imports: [BridgeModule, EventSocketModule, CallsModule],
  controllers: [CallControlController],
  providers: [
    {
      provide: CALL_CONTROL,
      inject: [CALL_PARTS, EslClient, CALL_DEADLINES],
      useFactory: (
        { conversations, live, canceledAhead, logger }: CallParts,
        eventSocket: EslClient,
        { transferDeadlineMs }: CallDeadlines,
      ): CallControlPorts => ({ conversations, live, canceledAhead, eventSocket, logger, transferDeadlineMs }),
    },
    {
      provide: RequestServer,
      inject: [AGENT, NATS_LINK, Drain],
      useFactory: ({ bridge, config, logger }: Agent, link: BridgeLink, drain: Drain): RequestServer =>
        new RequestServer({
          ready: () => link.connected(),
          subjectOf: (request) => bridgeRequest(bridge.id, request as BridgeRequest),
          beforeClose: () => drain.run(config.DRAIN_SECONDS * 1_000),
          logger,
        }),
    },
  ],
})
export class ControlModule {}
