import { Module } from '@nestjs/common';
import { BridgeModule } from '../bridge/bridge.module.js';
import { PLACE } from '../tokens.js';
import type { Place } from '../trunk/trunk.js';
import { Placement } from './placement.pg.js';

@Module({
  imports: [BridgeModule],
  providers: [Placement, { provide: PLACE, inject: [Placement], useFactory: ({ place }: Placement): Place => place }],
  exports: [PLACE],
})
export class PlacementModule {}
