import { Module } from '@nestjs/common';
import { StatusModule } from '../status/status.module.js';
import { ReadinessController } from './readiness.controller.js';

@Module({ imports: [StatusModule], controllers: [ReadinessController] })
export class ReadinessModule {}
