import { Module } from '@nestjs/common';
import { PlacementModule } from '../placement/placement.module.js';
import { StatusModule } from '../status/status.module.js';
import { OrganizationSyncController } from './organization-sync.controller.js';
import { SyncController } from './sync.controller.js';

@Module({ imports: [PlacementModule, StatusModule], controllers: [SyncController, OrganizationSyncController] })
export class SyncModule {}
