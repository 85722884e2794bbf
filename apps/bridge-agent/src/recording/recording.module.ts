import { Module } from '@nestjs/common';
import { BridgeModule } from '../bridge/bridge.module.js';
import { RecordingController } from './recording.controller.js';

/** Requests to read a recording of this bridge; answered as those about calls are (`ControlModule`). */
@Module({ imports: [BridgeModule], controllers: [RecordingController] })
export class RecordingModule {}
