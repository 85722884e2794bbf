import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { GapController } from './gap.controller.js';
import { StatementController } from './statement.controller.js';
import { UsageController } from './usage.controller.js';

@Module({ imports: [AccessModule], controllers: [UsageController, StatementController, GapController] })
export class UsageModule {}
