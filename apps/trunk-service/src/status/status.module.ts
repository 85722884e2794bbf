import { Module } from '@nestjs/common';
import { BridgeModule } from '../bridge/bridge.module.js';
import { VerdictSources } from './await-verdicts.kv.js';
import { GatewayStatuses } from './gateway-statuses.kv.js';
import { StatusController } from './status.controller.js';

@Module({
  imports: [BridgeModule],
  controllers: [StatusController],
  providers: [GatewayStatuses, VerdictSources],
  exports: [VerdictSources],
})
export class StatusModule {}
