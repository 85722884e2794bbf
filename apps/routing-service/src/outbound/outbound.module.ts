import { Module } from '@nestjs/common';
import { Gateways } from '../gateways/gateways.service.js';
import { RoutesModule } from '../projection/routes.module.js';
import { OutboundController } from './outbound.controller.js';

@Module({ imports: [RoutesModule], controllers: [OutboundController], providers: [Gateways] })
export class OutboundModule {}
