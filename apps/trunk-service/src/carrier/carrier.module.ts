import { Module } from '@nestjs/common';
import { CarrierController } from './carrier.controller.js';

@Module({ controllers: [CarrierController] })
export class CarrierModule {}
