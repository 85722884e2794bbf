import { Module } from '@nestjs/common';
import { RoutesModule } from '../projection/routes.module.js';
import { Answering } from './answering.service.js';

@Module({ imports: [RoutesModule], providers: [Answering], exports: [Answering] })
export class AnsweringModule {}
