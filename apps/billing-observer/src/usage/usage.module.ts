import { Module } from '@nestjs/common';
import { UsageRecording } from './usage.service.js';

@Module({ providers: [UsageRecording], exports: [UsageRecording] })
export class UsageModule {}
