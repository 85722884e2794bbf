import { Module } from '@nestjs/common';
import { PlacementModule } from '../placement/placement.module.js';
import { TrunkController } from './trunk.controller.js';

@Module({ imports: [PlacementModule], controllers: [TrunkController] })
export class TrunkModule {}
