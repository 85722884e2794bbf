import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { KEYS } from '../tokens.js';
import { AccessGuard } from './access.guard.js';
import { Authenticator } from './authenticator.pg.js';
import { knownKeys } from './known-keys.js';
import { RateLimits } from './rate-limits.http.js';
import { Sessions } from './sessions.pg.js';

/** Who may call: authentication, authorisation and rate limits, in front of every route. */
@Module({
  providers: [
    { provide: KEYS, useFactory: knownKeys },
    Sessions,
    Authenticator,
    RateLimits,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [KEYS, Authenticator, Sessions, RateLimits],
})
export class AccessModule {}
