import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { bucketAccess } from '@trunkmesh/runtime/bucket.js';
import { LOGGER, CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Config } from '../config.js';
import { BUCKET, RecordingController } from './recording.controller.js';
import { SoundBucket } from './stored-sound.http.js';

@Module({
  controllers: [RecordingController],
  providers: [
    {
      provide: BUCKET,
      inject: [CONFIG, LOGGER],
      useFactory: (config: Config, logger: Logger): SoundBucket | null => {
        const access = bucketAccess(config);
        return access === undefined ? null : new SoundBucket(access, logger);
      },
    },
  ],
})
export class RecordingsModule implements OnApplicationShutdown {
  constructor(@Inject(BUCKET) private readonly bucket: SoundBucket | null) {}

  async onApplicationShutdown(): Promise<void> {
    await this.bucket?.stop();
  }
}
