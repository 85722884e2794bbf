import { Module } from '@nestjs/common';
import { CallController } from './call.controller.js';

@Module({ controllers: [CallController] })
export class CallModule {}
