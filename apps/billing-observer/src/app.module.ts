import { Module } from '@nestjs/common';
import { CALL_LOG_QUEUE } from '@trunkmesh/contracts/subjects.js';
import { RequestServer } from '@trunkmesh/requests/request-server.nats.js';
import { stateOfNats, type OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER, READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import { AlertsModule } from './alerts/alerts.module.js';
import { CarrierBillModule } from './carrier-bill/carrier-bill.module.js';
import { CallLogModule } from './call-log/call-log.module.js';
import { DatabaseModule } from './database.module.js';
import { Database } from './database.service.js';
import { NATS, NatsModule } from '@trunkmesh/runtime/nats.module.js';
import { LostCallsModule } from './lost-calls/lost-calls.module.js';
import { OldCallsModule } from './old-calls/old-calls.module.js';
import { RateDeckModule } from './rate-deck/rate-deck.module.js';
import { UsageAnswersModule } from './usage/answers/usage-answers.module.js';
import { StatementsModule } from './usage/statements/statements.module.js';
import { UsageModule } from './usage/usage.module.js';
import { UsageRecording } from './usage/usage.service.js';

@Module({
  imports: [
    NatsModule.of('billing-observer'),
    DatabaseModule,
    UsageModule,
    CallLogModule,
    UsageAnswersModule,
    StatementsModule,
    AlertsModule,
    CarrierBillModule,
    RateDeckModule,
    LostCallsModule,
    OldCallsModule,
  ],
  providers: [
    {
      provide: RequestServer,
      inject: [UsageRecording, LOGGER],
      useFactory: (usage: UsageRecording, logger: Logger): RequestServer =>
        new RequestServer({ ready: () => usage.started, queue: CALL_LOG_QUEUE, logger }),
    },
    {
      provide: READINESS,
      inject: [NATS, Database, UsageRecording],
      useFactory:
        (nats: OwnNatsLink, database: Database, usage: UsageRecording): ReadinessCheck =>
        async () => ({ nats: await stateOfNats(nats), database: await database.state(), calls: usage.state() }),
    },
  ],
})
export class AppModule {}
