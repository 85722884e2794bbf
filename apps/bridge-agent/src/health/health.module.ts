import { Module } from '@nestjs/common';
import { READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { CallReadiness } from '../call/call-readiness.js';
import { CallsModule } from '../call/calls.module.js';
import { EslClient } from '../esl/esl-client.net.js';
import { EventSocketModule } from '../esl/event-socket.module.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { Gateways } from '../gateway/gateways.net.js';
import { RefusedCalls } from '../refused/refused-calls.net.js';
import { RefusedModule } from '../refused/refused.module.js';

/** A disconnected FreeSWITCH or NATS shows here but stops nothing: the agent continues with what it has. */
@Module({
  imports: [EventSocketModule, RefusedModule, CallsModule, GatewayModule],
  providers: [
    {
      provide: READINESS,
      inject: [EslClient, Gateways, CallReadiness, RefusedCalls],
      useFactory:
        (esl: EslClient, gateways: Gateways, calls: CallReadiness, refused: RefusedCalls): ReadinessCheck =>
        () => ({
          freeswitch: esl.connected ? 'up' : 'no connection to the event socket',
          trunks: gateways.readiness(),
          ...calls.check(),
          capture: refused.readiness(),
        }),
    },
  ],
})
export class HealthModule {}
