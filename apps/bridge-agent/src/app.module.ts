import { Module } from '@nestjs/common';
import { BridgeModule } from './bridge/bridge.module.js';
import { CallsModule } from './call/calls.module.js';
import { ControlModule } from './control/control.module.js';
import { TrunkTestModule } from './diagnose/trunk-test.module.js';
import { EventSocketModule } from './esl/event-socket.module.js';
import { GatewayModule } from './gateway/gateway.module.js';
import { HealthModule } from './health/health.module.js';
import { HeartbeatModule } from './heartbeat/heartbeat.module.js';
import { InboundModule } from './inbound/inbound.module.js';
import { OutboundModule } from './outbound/outbound.module.js';
import { RecordingModule } from './recording/recording.module.js';
import { RefusedModule } from './refused/refused.module.js';
import { RouteModule } from './route/route.module.js';

/**
 * One host's agent: its trunks and its calls. It starts without NATS and without FreeSWITCH, and connects to each when
 * it is available.
 *
 * It stops in this order: requests about calls, while calls drain (`RequestServer`); the heartbeat, then calls with an
 * assistant (`onModuleDestroy`); the call socket, then what is kept of calls (`beforeApplicationShutdown`); gateways,
 * refused calls, routes, the event socket, and last NATS and the lock (`onApplicationShutdown`).
 */
@Module({
  imports: [
    BridgeModule,
    EventSocketModule,
    RouteModule,
    RefusedModule,
    CallsModule,
    InboundModule,
    OutboundModule,
    GatewayModule,
    ControlModule,
    TrunkTestModule,
    RecordingModule,
    HeartbeatModule,
    HealthModule,
  ],
})
export class AppModule {}
