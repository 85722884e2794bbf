import { Module } from '@nestjs/common';
import { StatusModule } from '../status/status.module.js';
import { GatewayFileController } from './gateway-file.controller.js';

/** What a bridge writes for FreeSWITCH, for who looks for the reason of a fault. */
@Module({ imports: [StatusModule], controllers: [GatewayFileController] })
export class GatewayFileModule {}
