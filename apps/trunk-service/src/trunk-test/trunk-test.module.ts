import { Module } from '@nestjs/common';
import { StatusModule } from '../status/status.module.js';
import { TrunkTestController } from './trunk-test.controller.js';

@Module({ imports: [StatusModule], controllers: [TrunkTestController] })
export class TrunkTestModule {}
