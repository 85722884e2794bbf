import { Module } from '@nestjs/common';
import { StatementController } from './statement.controller.js';
import { UsageController } from './usage.controller.js';

@Module({ controllers: [UsageController, StatementController] })
export class UsageModule {}
