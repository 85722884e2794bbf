import { Module } from '@nestjs/common';
import { ImportController } from './import.controller.js';
import { NumberClaimController } from './number-claim.controller.js';
import { NumberController } from './number.controller.js';

/** The import's path must be known before that of one number, which would take it for an id. */
@Module({ controllers: [ImportController, NumberClaimController, NumberController] })
export class NumberModule {}
