import { Module } from '@nestjs/common';
import type { Agent } from '../bridge/agent.process.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import { AGENT, TRUNK_TESTS } from '../tokens.js';
import { testGuard } from './test-guard.js';
import { TrunkTestController, type TrunkTestPorts } from './trunk-test.controller.js';

/** Requests to test a trunk from this bridge; answered as those about calls are (`ControlModule`). */
@Module({
  imports: [BridgeModule],
  controllers: [TrunkTestController],
  providers: [
    {
      provide: TRUNK_TESTS,
      inject: [AGENT],
      useFactory: ({ config, ring, logger }: Agent): TrunkTestPorts => ({
        ring,
        guard: testGuard(),
        logger,
        allowPrivate: config.ALLOW_PRIVATE_GATEWAYS,
        bridgeAddress: config.SIP_ADDRESS,
      }),
    },
  ],
})
export class TrunkTestModule {}
