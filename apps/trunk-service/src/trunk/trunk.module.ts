import { Module } from '@nestjs/common';
import { TrunkChangeController } from './trunk-change.controller.js';
import { TrunkController } from './trunk.controller.js';

@Module({ controllers: [TrunkController, TrunkChangeController] })
export class TrunkModule {}
