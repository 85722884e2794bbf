import { eventStoreMigrations } from '@trunkmesh/event-log/event-store.pg.js';
import type { MigrationInterface } from 'typeorm';
import { CreateAddresses1764000060000, CreateReportsMade1764000061000 } from './address/address.migration.js';
import { CreateSessions1764000125000 } from './access/session.migration.js';
import { ApiKeyRow } from './api-key/api-key-row.pg.js';
import { CreateApiKeys1764000030000 } from './api-key/api-key.migration.js';
import { CreateBridges1764000050000 } from './bridge/bridge.migration.js';
import { CreateCarrierFormats1764000170000 } from './carrier-bill/carrier-format.migration.js';
import { CreateCarriers1764000065000 } from './carrier/carrier.migration.js';
import {
  CreateHistoryActorIndex1764000207000,
  CreateHistoryIndex1764000120000,
  CreateHistoryTypeIndex1764000187000,
} from './history/history.migration.js';
import { CreatePlainChanges1764000150000 } from './history/plain-changes.migration.js';
import { IdempotencyKeyRow } from './http/idempotency-key-row.pg.js';
import { CreateIdempotencyKeys1764000040000 } from './http/idempotency.migration.js';
import { ChannelRow } from './notifications/channel-row.pg.js';
import { CreateNotifications1764000140000 } from './notifications/notifications.migration.js';
import { CreateRecipients1764000190000 } from './notifications/recipients.migration.js';
import { AddUnsubscriptions1764000210000 } from './notifications/unsubscribe.migration.js';
import { RuleRow } from './notifications/rule-row.pg.js';
import { CreateNumberClaims1764000070000 } from './number/number-claim.migration.js';
import { IndexInactiveNumbers1764000195000 } from './number/number-inactive.migration.js';
import { CreateNumbers1764000025000 } from './number/number.migration.js';
import { IndexNumberSearch1764000200000 } from './number/number-search.migration.js';
import { IndexTargetNames1764000203000 } from './number/number-names.migration.js';
import { IndexUnassignedNumbers1764000202000 } from './number/number-unassigned.migration.js';
import { CreateOrganizations1764000010000 } from './organization/organization.migration.js';
import { CreateOutboundCalls1764000100000 } from './outbound/outbound.migration.js';
import { AddRefusalReports1764000205000 } from './outbound/refusal-reports.migration.js';
import { AddRefusalRetries1764000206000 } from './outbound/refusal-retries.migration.js';
import { CreateOutboundPermits1764000110000 } from './outbound/outbound-permits.migration.js';
import { CreateRatePlans1764000095000 } from './rate-plan/rate-plan.migration.js';
import { CreateRefusedCalls1764000090000 } from './refused/refused-call.migration.js';
import { AddRefusedClaims1764000180000 } from './refused/refused-claims.migration.js';
import { CreateRegistrations1764000130000 } from './registrations/registrations.migration.js';
import { CreateTrunkClaims1764000055000 } from './trunk/trunk-claims.migration.js';
import { CreateTrunkOrder1764000191000 } from './trunk/trunk-order.migration.js';
import { IndexTrunkSearch1764000201000 } from './trunk/trunk-search.migration.js';
import { CreateTrunks1764000020000 } from './trunk/trunk.migration.js';
import { IndexTrunkUsers1764000185000 } from './trunk/trunk-users.migration.js';
import { CreateTestRuns1764000209000 } from './trunk-test/test-runs.migration.js';
import { CreateVerifications1764000075000 } from './verification/verification.migration.js';

/**
 * What makes the tables of the read models, with names that no schema qualifies: a rebuild runs the same statements in
 * a schema of its own. A later change of such a table is a migration in this list.
 */
export const READ_MODEL_MIGRATIONS: readonly (new () => MigrationInterface)[] = [
  CreateOrganizations1764000010000,
  CreateTrunks1764000020000,
  CreateNumbers1764000025000,
  CreateBridges1764000050000,
  CreateTrunkClaims1764000055000,
  CreateAddresses1764000060000,
  CreateCarriers1764000065000,
  CreateRatePlans1764000095000,
  IndexTrunkUsers1764000185000,
  CreateTrunkOrder1764000191000,
  IndexInactiveNumbers1764000195000,
  IndexNumberSearch1764000200000,
  IndexTrunkSearch1764000201000,
  IndexUnassignedNumbers1764000202000,
  IndexTargetNames1764000203000,
];

/** TypeORM runs them in the order of the timestamps in their names. */
export const MIGRATIONS: readonly (new () => MigrationInterface)[] = [
  ...eventStoreMigrations,
  ...READ_MODEL_MIGRATIONS,
  CreateApiKeys1764000030000,
  CreateIdempotencyKeys1764000040000,
  CreateNumberClaims1764000070000,
  CreateReportsMade1764000061000,
  CreateVerifications1764000075000,
  CreateRefusedCalls1764000090000,
  CreateOutboundCalls1764000100000,
  CreateOutboundPermits1764000110000,
  CreateHistoryIndex1764000120000,
  CreateRegistrations1764000130000,
  CreateNotifications1764000140000,
  CreatePlainChanges1764000150000,
  CreateCarrierFormats1764000170000,
  AddRefusedClaims1764000180000,
  CreateRecipients1764000190000,
  CreateHistoryTypeIndex1764000187000,
  CreateSessions1764000125000,
  AddRefusalReports1764000205000,
  AddRefusalRetries1764000206000,
  CreateHistoryActorIndex1764000207000,
  CreateTestRuns1764000209000,
  AddUnsubscriptions1764000210000,
];

/** Rows of the tables that are no event store and no read model (ADR 0025). */
export const ENTITIES = [ApiKeyRow, IdempotencyKeyRow, ChannelRow, RuleRow];
