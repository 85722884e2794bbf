import { Module } from '@nestjs/common';
import { StatusModule } from '../status/status.module.js';
import { OrganizationSyncController } from './organization-sync.controller.js';
import { SyncController } from './sync.controller.js';

@Module({ imports: [StatusModule], controllers: [SyncController, OrganizationSyncController] })
export class SyncModule {}
