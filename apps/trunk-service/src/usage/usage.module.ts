import { Module } from '@nestjs/common';
import { GapController } from './gap.controller.js';
import { StatementController } from './statement.controller.js';
import { UsageController } from './usage.controller.js';

@Module({ controllers: [UsageController, StatementController, GapController] })
export class UsageModule {}
