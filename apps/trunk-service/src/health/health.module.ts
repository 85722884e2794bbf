import { Module } from '@nestjs/common';
import { READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { HealthController } from './health.controller.js';
import { DatabaseReadiness } from './readiness.pg.js';

@Module({
  controllers: [HealthController],
  providers: [
    DatabaseReadiness,
    {
      provide: READINESS,
      inject: [DatabaseReadiness],
      useFactory:
        (readiness: DatabaseReadiness): ReadinessCheck =>
        () =>
          readiness.check(),
    },
  ],
})
export class HealthModule {}
