import { Module } from '@nestjs/common';
import { TrunkPresetController } from './trunk-preset.controller.js';

/** Before the module of the trunks: `presets` would be the id of a trunk there. */
@Module({ controllers: [TrunkPresetController] })
export class PresetsModule {}
