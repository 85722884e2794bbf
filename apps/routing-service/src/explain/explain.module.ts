import { Module } from '@nestjs/common';
import { RoutesModule } from '../projection/routes.module.js';
import { ExplainController } from './explain.controller.js';

@Module({ imports: [RoutesModule], controllers: [ExplainController] })
export class ExplainModule {}
