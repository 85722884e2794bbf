import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { LimitShare } from '@trunkmesh/contracts/outbound-call.js';
import type { Agent } from '../bridge/agent.process.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import type { CallDeadlines, CallParts } from '../call/call-parts.net.js';
import { lastEventOf } from '../call-record/last-event.nats.js';
import { CallsModule } from '../call/calls.module.js';
import { Drain } from '../call/drain.process.js';
import { EslClient } from '../esl/esl-client.net.js';
import { EventSocketModule } from '../esl/event-socket.module.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { Gateways } from '../gateway/gateways.net.js';
import { AGENT, CALL_DEADLINES, CALL_PARTS, DIALLING_ESL } from '../tokens.js';
import { CallerBuffer } from './caller-buffer.net.js';
import { Dialling } from './dialling.net.js';
import { HandOver } from './hand-over.net.js';
import { LimitShareFile } from './limit-share.fs.js';
import { onlineBridges } from './online-bridges.nats.js';
import { OriginateController } from './originate.controller.js';
import { OutboundCalls } from './outbound-calls.net.js';
import { Permits } from './permits.nats.js';

/** A hang-up is carried out within milliseconds. */
const GIVEN_UP_MS = 2_000;

/** Outbound calls: trunk-service hands them over, and FreeSWITCH connects here with each that is answered. */
@Module({
  imports: [BridgeModule, EventSocketModule, CallsModule, GatewayModule],
  controllers: [OriginateController],
  providers: [
    {
      provide: DIALLING_ESL,
      inject: [AGENT],
      useFactory: ({ config, logger }: Agent): EslClient =>
        new EslClient({ host: config.ESL_HOST, port: config.ESL_PORT, password: config.ESL_PASSWORD, logger }),
    },
    {
      provide: Permits,
      inject: [AGENT, CALL_PARTS],
      useFactory: async ({ bridge, config, link, logger }: Agent, { limits }: CallParts): Promise<Permits> => {
        const file = new LimitShareFile(config.STATE_DIR, logger);
        const share = await file.read(new Date());
        const noteShare = (told: LimitShare) => file.note(told, new Date());
        const online = () => onlineBridges({ link, logger }, bridge.pool);
        return new Permits({ link, limits, bridgeId: bridge.id, share, onlineBridges: online, noteShare, logger });
      },
    },
    {
      provide: OutboundCalls,
      inject: [AGENT, CALL_PARTS, Drain, DIALLING_ESL, CALL_DEADLINES, Gateways, Permits],
      useFactory: (
        { config, link }: Agent,
        parts: CallParts,
        drain: Drain,
        ...[esl, { offerMs }, { refusesCertificate }, permits]: [EslClient, CallDeadlines, Gateways, Permits]
      ) => {
        const dialling: Dialling = new Dialling(esl, (callId, hangup) => {
          void calls.then((all) => all.ended(callId, hangup));
        });
        esl.listen(dialling);
        const callerBuffer = new CallerBuffer(esl);
        esl.listen(callerBuffer);
        const calls = OutboundCalls.start({
          ports: {
            ...{ ...parts, dialling, callerBuffer, permits, refusesCertificate },
            handOver: new HandOver({ ...parts, link }, offerMs),
          },
          host: config.CALL_SOCKET_HOST,
          maxCalls: config.MAX_CALLS,
          drain,
          // A request from before this process may repeat one that the previous process answered.
          isKnown: async (request) => {
            const last = await lastEventOf(link, request);
            return last === undefined ? undefined : last !== null;
          },
          eventSocket: esl,
          link,
        });
        return calls;
      },
    },
  ],
  exports: [OutboundCalls, Permits],
})
export class OutboundModule
  implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(
    @Inject(OutboundCalls) private readonly calls: OutboundCalls,
    @Inject(DIALLING_ESL) private readonly esl: EslClient,
    @Inject(AGENT) { logger }: Agent,
    private readonly permits: Permits,
  ) {
    esl.listen({
      onUp: () => {
        calls.endLeft().catch((error: unknown) => {
          logger.warn({ err: error }, 'cannot end outbound calls that were left ringing');
        });
      },
    });
  }

  onApplicationBootstrap(): void {
    this.esl.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.calls.giveUp(GIVEN_UP_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.calls.stop();
  }

  onApplicationShutdown(): void {
    this.permits.stop();
    this.esl.stop();
  }
}
