import { Module } from '@nestjs/common';
import { VerdictSources } from './await-verdicts.nats.js';
import { GatewayStatuses } from './gateway-statuses.nats.js';
import { StatusController } from './status.controller.js';

@Module({
  controllers: [StatusController],
  providers: [GatewayStatuses, VerdictSources],
  exports: [VerdictSources],
})
export class StatusModule {}
