import { Global, Module } from '@nestjs/common';
import { parseKeyRing, type KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { KEY_RING } from '../tokens.js';

/** The keys that SIP passwords and signing secrets are sealed with. */
@Global()
@Module({
  providers: [
    {
      provide: KEY_RING,
      inject: [CONFIG],
      useFactory: ({ SECRET_KEYS }: Config): KeyRing => parseKeyRing(SECRET_KEYS),
    },
  ],
  exports: [KEY_RING],
})
export class KeyRingModule {}
