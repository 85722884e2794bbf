import { Module, type DynamicModule } from '@nestjs/common';
import { startRelay } from '@trunkmesh/event-log/relay.nats.js';
import { parseKeyRing, type KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { AddressController } from './address/address.controller.js';
import { ApiKeyController } from './api-key/api-key.controller.js';
import { CurrentUserController } from './api-key/current-user.controller.js';
import type { KeyHolder } from './api-key/authenticate.pg.js';
import { knownKeys, type KnownKeys } from './api-key/known-keys.js';
import { BridgeController } from './bridge/bridge.controller.js';
import { ConnectionController } from './bridge/connection.controller.js';
import { hearBridges } from './bridge/heartbeats.kv.js';
import { CallController } from './calls/call.controller.js';
import { CarrierController } from './carrier/carrier.controller.js';
import type { Config } from './config.js';
import { startCallEvidence } from './evidence/call-evidence.nats.js';
import { reportContested } from './evidence/first-look.pg.js';
import { startGatewayEvidence } from './evidence/gateway-evidence.kv.js';
import { HealthController } from './health/health.controller.js';
import type { Readiness } from './health/readiness.js';
import { startForgetting } from './http/idempotency.clock.js';
import { MIGRATIONS } from './migrations.pg.js';
import { ImportController } from './number/import.controller.js';
import { NumberClaimController } from './number/number-claim.controller.js';
import { NumberController } from './number/number.controller.js';
import { Quotas } from './organization/quotas.pg.js';
import { OrganizationController } from './organization/organization.controller.js';
import { startPlacement, type Placement } from './placement/placement.clock.js';
import { linkNats, type OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { keepStreams } from './record/keep-streams.nats.js';
import { openRecord, type RecordStore } from './record/record-store.pg.js';
import { RefusedCallController } from './refused/refused-call.controller.js';
import { startRefusedCalls } from './refused/refused-calls.consumer.js';
import { RouteController } from './routes/route.controller.js';
import type { World } from './status/await-verdicts.kv.js';
import { GatewayStatuses } from './status/gateway-statuses.kv.js';
import { StatusController } from './status/status.controller.js';
import { OrganizationSyncController } from './sync/organization-sync.controller.js';
import { SyncController } from './sync/sync.controller.js';
import { CONFIG, KEY_RING, KEYS, LOGGER, NATS, PLACE, PLACEMENT, READINESS, RECORD, WORLD } from './tokens.js';
import type { Place } from './trunk/trunk.js';
import { TrunkController } from './trunk/trunk.controller.js';
import { VerificationController } from './verification/verification.controller.js';
import { answerVerifications } from './verification/verify-responder.nats.js';

/** What the service is made of, and the only place where it is put together. */
export interface Parts {
  config: Config;
  logger: Logger;
  keyRing: KeyRing;
  record: RecordStore;
  keys: KnownKeys<KeyHolder>;
  nats: OwnNatsLink;
  place: Place;
  placement: Placement;
  readiness: () => Promise<Readiness>;
  /** Everything that runs beside the requests. Called when the last request was answered. */
  stop: () => Promise<void>;
}

export function compose(config: Config, logger: Logger): Parts {
  const keyRing = parseKeyRing(config.SECRET_KEYS);
  const quotas = new Quotas({
    trunks: config.QUOTA_TRUNKS,
    numbers: config.QUOTA_NUMBERS,
    api_keys: config.QUOTA_API_KEYS,
  });
  const record = openRecord({
    url: config.DATABASE_URL,
    poolSize: config.DATABASE_POOL,
    source: 'trunk-service',
    migrations: MIGRATIONS,
    fingerprintKey: config.BOOTSTRAP_KEY,
    logger,
    quotas,
  });
  const nats = linkNats(config.NATS_URL, { name: 'trunk-service', logger });
  const heartbeats = hearBridges(nats, logger);
  const placement = startPlacement(record, heartbeats, logger);
  const running: { stop(): Promise<void> }[] = [keepStreams(nats, logger), heartbeats, placement];
  const started = record.opened.then((dataSource) => {
    const relay = startRelay({ dataSource, nc: nats.ready, logger });
    record.afterCommit(() => relay.wake());
    const onCaughtUp = () => {
      reportContested(record, logger).catch((error: Error) =>
        logger.warn({ err: { message: error.message } }, 'cannot look for contested addresses'),
      );
    };
    const gateways = startGatewayEvidence({ record, nats, logger, allowPrivate: config.ALLOW_PRIVATE_GATEWAYS });
    running.push(
      relay,
      startForgetting(record),
      startCallEvidence({ record, nats, logger, onCaughtUp }),
      gateways,
      answerVerifications(record, nats, logger),
    );
    running.push(startRefusedCalls({ record, nc: nats.ready, logger }));
  });
  started.catch((error: Error) => logger.error({ err: error }, 'what follows the record could not be started'));
  return {
    config,
    logger,
    keyRing,
    record,
    nats,
    keys: knownKeys(),
    place: placement.place,
    placement,
    readiness: async () => ({ record: await record.health() }),
    stop: async () => {
      for (const part of running.reverse()) await part.stop();
      await nats.close();
      await record.close();
    },
  };
}

@Module({})
export class AppModule {
  static of(parts: Parts): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        HealthController,
        OrganizationController,
        ApiKeyController,
        CurrentUserController,
        TrunkController,
        ImportController,
        NumberClaimController,
        NumberController,
        BridgeController,
        ConnectionController,
        StatusController,
        SyncController,
        OrganizationSyncController,
        RouteController,
        CallController,
        AddressController,
        CarrierController,
        VerificationController,
        RefusedCallController,
      ],
      providers: [
        { provide: CONFIG, useValue: parts.config },
        { provide: LOGGER, useValue: parts.logger },
        { provide: KEY_RING, useValue: parts.keyRing },
        { provide: RECORD, useValue: parts.record },
        { provide: KEYS, useValue: parts.keys },
        { provide: NATS, useValue: parts.nats },
        { provide: PLACE, useValue: parts.place },
        {
          provide: WORLD,
          useValue: {
            record: parts.record,
            placement: parts.placement,
            statuses: new GatewayStatuses(parts.nats, parts.logger),
          } satisfies World,
        },
        { provide: PLACEMENT, useValue: parts.placement },
        { provide: READINESS, useValue: parts.readiness },
      ],
    };
  }
}
