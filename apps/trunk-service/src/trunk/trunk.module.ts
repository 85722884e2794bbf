import { Module } from '@nestjs/common';
import { TrunkChangeController } from './trunk-change.controller.js';
import { TrunkPresetController } from './trunk-preset.controller.js';
import { TrunkController } from './trunk.controller.js';

@Module({
  // The presets first: `presets` would be the id of a trunk otherwise.
  controllers: [TrunkPresetController, TrunkController, TrunkChangeController],
})
export class TrunkModule {}
