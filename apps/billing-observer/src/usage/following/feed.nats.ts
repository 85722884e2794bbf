import type { NatsConnection } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';

/** Follows events of the entities' stream into the database. */
export interface Feed {
  stop(): Promise<void>;
}

export interface FeedOptions {
  nc: NatsConnection;
  dataSource: DataSource;
  logger: Logger;
}
