import { Module } from '@nestjs/common';
import { READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { HealthController } from './health.controller.js';
import { RecordReadiness } from './readiness.pg.js';

@Module({
  controllers: [HealthController],
  providers: [
    RecordReadiness,
    {
      provide: READINESS,
      inject: [RecordReadiness],
      useFactory:
        (readiness: RecordReadiness): ReadinessCheck =>
        () =>
          readiness.check(),
    },
  ],
})
export class HealthModule {}
