import { createDatabase } from '@trunkmesh/event-log/database.pg.js';
import type { DataSource } from 'typeorm';
import { AlertsLeftOut1798400000000 } from './alerts/migrations/1798400000000-alerts-left-out.migration.js';
import { AlertSetbacks1798800000000 } from './alerts/migrations/1798800000000-alert-setbacks.migration.js';
import { UsageAlerts1797400000000 } from './alerts/migrations/1797400000000-usage-alerts.migration.js';
import { CallLog1795500000000 } from './call-log/migrations/1795500000000-call-log.migration.js';
import { CallDayVersions1798300000000 } from './call-log/migrations/1798300000000-call-day-versions.migration.js';
import { CallDays1797700000000 } from './call-log/migrations/1797700000000-call-days.migration.js';
import { CallWithoutBridge1796300000000 } from './call-log/migrations/1796300000000-call-without-bridge.migration.js';
import { CallsIndex1797800000000 } from './call-log/migrations/1797800000000-calls-index.migration.js';
import { CustomerInIndex1796000000000 } from './call-log/migrations/1796000000000-customer-in-index.migration.js';
import { TimesBesideGaps1798700000000 } from './old-calls/migrations/1798700000000-times-beside-gaps.migration.js';
import { LostBridges1798200000000 } from './lost-calls/migrations/1798200000000-lost-bridges.migration.js';
import { Reconciliations1797100000000 } from './carrier-bill/migrations/1797100000000-reconciliations.migration.js';
import { RateDecks1797200000000 } from './rate-deck/migrations/1797200000000-rate-decks.migration.js';
import { BridgeProgress } from './usage/bridge-progress.pg.js';
import { LoggedCallRow } from './call-log/logged-call-row.pg.js';
import { UnreadableRow } from './usage/unreadable-row.pg.js';
import { UsageArchives1797600000000 } from './usage/archive/migrations/1797600000000-usage-archives.migration.js';
import { Ledger1796500000000 } from './usage/ledger/migrations/1796500000000-ledger.migration.js';
import { RatePlans1796600000000 } from './usage/rating/migrations/1796600000000-rate-plans.migration.js';
import { ManagedCarriers1797000000000 } from './usage/summary/migrations/1797000000000-managed-carriers.migration.js';
import { Statements1797200000000 } from './usage/statements/migrations/1797200000000-statements.migration.js';
import { UsageDays1796700000000 } from './usage/summary/migrations/1796700000000-usage-days.migration.js';
import { AcceptedGaps1798500000000 } from './usage/migrations/1798500000000-accepted-gaps.migration.js';
import { DiscardedLetters1798600000000 } from './usage/migrations/1798600000000-discarded-letters.migration.js';
import { Usage1795400000000 } from './usage/migrations/1795400000000-usage.migration.js';

export interface PoolOptions {
  poolSize?: number;
  statementMs?: number;
}

/** Rows of the plain tables. SQL alone has `call_log` (no primary key) and the ledger (partitions): ADR 0025. */
export const ENTITIES = [LoggedCallRow, BridgeProgress, UnreadableRow];

/** A pool onto billing-observer's own database. */
export function createDataSource(url: string, { poolSize = 4, statementMs = 20_000 }: PoolOptions = {}): DataSource {
  return createDatabase({
    url,
    application: 'billing-observer',
    poolSize,
    connectMs: 5_000,
    statementMs,
    idleMs: 20_000,
    entities: ENTITIES,
    migrations: [
      Usage1795400000000,
      CallLog1795500000000,
      CustomerInIndex1796000000000,
      CallWithoutBridge1796300000000,
      Ledger1796500000000,
      RatePlans1796600000000,
      UsageDays1796700000000,
      ManagedCarriers1797000000000,
      Statements1797200000000,
      UsageAlerts1797400000000,
      Reconciliations1797100000000,
      RateDecks1797200000000,
      UsageArchives1797600000000,
      CallDays1797700000000,
      CallsIndex1797800000000,
      LostBridges1798200000000,
      CallDayVersions1798300000000,
      AlertsLeftOut1798400000000,
      AcceptedGaps1798500000000,
      DiscardedLetters1798600000000,
      TimesBesideGaps1798700000000,
      AlertSetbacks1798800000000,
    ],
  });
}
