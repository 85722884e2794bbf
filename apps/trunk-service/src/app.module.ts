import { Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { AddressModule } from './address/address.module.js';
import { ApiKeyModule } from './api-key/api-key.module.js';
import { BridgeModule } from './bridge/bridge.module.js';
import { CallModule } from './calls/call.module.js';
import { CarrierBillModule } from './carrier-bill/carrier-bill.module.js';
import { CarrierModule } from './carrier/carrier.module.js';
import { ConnectionModule } from './connection/connection.module.js';
import { DashboardModule } from './dashboard/dashboard.module.js';
import { EvidenceModule } from './evidence/evidence.module.js';
import { ExpectedCallModule } from './expected-calls/expected-call.module.js';
import { GatewayFileModule } from './gateway-file/gateway-file.module.js';
import { HealthModule } from './health/health.module.js';
import { HistoryModule } from './history/history.module.js';
import { HttpModule } from './http/http.module.js';
import { KeyRingModule } from './secrets/key-ring.module.js';
import { NumberModule } from './number/number.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { OrganizationModule } from './organization/organization.module.js';
import { OutboundModule } from './outbound/outbound.module.js';
import { PresetsModule } from './presets/presets.module.js';
import { PlacementModule } from './placement/placement.module.js';
import { NatsModule } from './nats/nats.module.js';
import { EventStoreModule } from './event-store/event-store.module.js';
import { RelayModule } from './event-store/relay.module.js';
import { RateDeckModule } from './rate-deck/rate-deck.module.js';
import { RatePlanModule } from './rate-plan/rate-plan.module.js';
import { RecordingsModule } from './recordings/recordings.module.js';
import { RefusedCallModule } from './refused/refused-call.module.js';
import { ReadinessModule } from './readiness/readiness.module.js';
import { RegistrationsModule } from './registrations/registrations.module.js';
import { RouteModule } from './routes/route.module.js';
import { SipModule } from './sip/sip.module.js';
import { StatusModule } from './status/status.module.js';
import { SyncModule } from './sync/sync.module.js';
import { TrunkModule } from './trunk/trunk.module.js';
import { TrunkTestModule } from './trunk-test/trunk-test.module.js';
import { UsageModule } from './usage/usage.module.js';
import { VerificationModule } from './verification/verification.module.js';

/**
 * The modules start from the imported to the importing, among equals in this order, and stop in the reverse of it: the
 * HTTP server first, then what runs beside the requests, then the connection to NATS, and last that to PostgreSQL.
 */
@Module({
  imports: [
    KeyRingModule,
    EventStoreModule,
    NatsModule,
    AccessModule,
    HttpModule,
    HealthModule,
    BridgeModule,
    PlacementModule,
    RelayModule,
    OrganizationModule,
    RatePlanModule,
    ApiKeyModule,
    PresetsModule,
    TrunkModule,
    NumberModule,
    ConnectionModule,
    StatusModule,
    SyncModule,
    RouteModule,
    ReadinessModule,
    TrunkTestModule,
    GatewayFileModule,
    ExpectedCallModule,
    CallModule,
    RecordingsModule,
    UsageModule,
    CarrierBillModule,
    RateDeckModule,
    OutboundModule,
    AddressModule,
    CarrierModule,
    EvidenceModule,
    VerificationModule,
    RefusedCallModule,
    HistoryModule,
    RegistrationsModule,
    SipModule,
    NotificationsModule,
    DashboardModule,
  ],
})
export class AppModule {}
