import { Global, Module } from '@nestjs/common';
import { PLACE } from '../tokens.js';
import type { Place } from '../trunk/trunk.js';
import { Placement } from './placement.pg.js';

/** Global, so that trunks, which it imports, can be placed by the transaction that changes them. */
@Global()
@Module({
  providers: [Placement, { provide: PLACE, inject: [Placement], useFactory: ({ place }: Placement): Place => place }],
  exports: [PLACE],
})
export class PlacementModule {}
