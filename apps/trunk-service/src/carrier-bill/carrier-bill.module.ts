import { Module } from '@nestjs/common';
import { CarrierFormatController } from './carrier-format.controller.js';
import { ReconciliationController } from './reconciliation.controller.js';

@Module({ controllers: [CarrierFormatController, ReconciliationController] })
export class CarrierBillModule {}
