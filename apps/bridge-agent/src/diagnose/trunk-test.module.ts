import { Module } from '@nestjs/common';
import type { Agent } from '../bridge/agent.process.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import type { CallParts } from '../call/call-parts.net.js';
import { CallsModule } from '../call/calls.module.js';
import { OutboundModule } from '../outbound/outbound.module.js';
import { Permits } from '../outbound/permits.nats.js';
import { AGENT, CALL_PARTS, TRUNK_TESTS } from '../tokens.js';
import { placeTests } from './test-calls.net.js';
import { testGuard } from './test-guard.js';
import { TrunkTestController, type TrunkTestPorts } from './trunk-test.controller.js';

/** Requests to test a trunk from this bridge; answered as those about calls are (`ControlModule`). */
@Module({
  imports: [BridgeModule, CallsModule, OutboundModule],
  controllers: [TrunkTestController],
  providers: [
    {
      provide: TRUNK_TESTS,
      inject: [AGENT, CALL_PARTS, Permits],
      useFactory: ({ config, ring, logger }: Agent, parts: CallParts, permits: Permits): TrunkTestPorts => ({
        ring,
        guard: testGuard(),
        logger,
        allowPrivate: config.ALLOW_PRIVATE_GATEWAYS,
        bridgeAddress: config.SIP_ADDRESS,
        placeTest: placeTests({ ...parts, permits }),
      }),
    },
  ],
})
export class TrunkTestModule {}
