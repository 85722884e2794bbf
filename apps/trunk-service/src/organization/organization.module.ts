import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { BridgeModule } from '../bridge/bridge.module.js';
import { OrganizationController } from './organization.controller.js';

@Module({ imports: [AccessModule, BridgeModule], controllers: [OrganizationController] })
export class OrganizationModule {}
