import { Module } from '@nestjs/common';
import { StatusModule } from '../status/status.module.js';
import { ExpectedCallController } from './expected-call.controller.js';
import { ExpectedCalls } from './expected-call.nats.js';
import { InboundAddressController } from './inbound-address.controller.js';

@Module({
  imports: [StatusModule],
  controllers: [ExpectedCallController, InboundAddressController],
  providers: [ExpectedCalls],
})
export class ExpectedCallModule {}
