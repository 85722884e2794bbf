import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { StatusModule } from '../status/status.module.js';
import { LiveChanges } from './live-changes.nats.js';
import { LiveStatuses } from './live-statuses.nats.js';
import { SessionController } from './session.controller.js';
import { StreamController } from './stream.controller.js';
import { TrunkStateController } from './trunk-state.controller.js';

/** What the dashboard needs beside the API: sessions of browsers, changes as they happen, states of many trunks. */
@Module({
  imports: [AccessModule, StatusModule],
  controllers: [SessionController, StreamController, TrunkStateController],
  providers: [LiveChanges, LiveStatuses],
})
export class DashboardModule {}
