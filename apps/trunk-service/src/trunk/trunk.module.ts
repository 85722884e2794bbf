import { Module } from '@nestjs/common';
import { TrunkController } from './trunk.controller.js';

@Module({ controllers: [TrunkController] })
export class TrunkModule {}
