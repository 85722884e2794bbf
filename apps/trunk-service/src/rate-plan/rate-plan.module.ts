import { Module } from '@nestjs/common';
import { RatePlanController } from './rate-plan.controller.js';

@Module({ controllers: [RatePlanController] })
export class RatePlanModule {}
