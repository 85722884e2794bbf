import type { DataSource } from 'typeorm';
import type { EventStore } from './event-store.pg.js';

export interface Background {
  stop(): Promise<void>;
}

/**
 * Work beside the requests that needs the database: begins once that was reached and migrated, which may be long after
 * the start of the service. Stopped before, it never begins.
 */
export function whenOpened(store: EventStore, start: (dataSource: DataSource) => Background): Background {
  let stopped = false;
  let running: Background | undefined;
  store.opened.then(
    (dataSource) => {
      if (stopped) return;
      try {
        running = start(dataSource);
      } catch (error) {
        store.logger.error({ err: error }, 'cannot start background work');
      }
    },
    () => undefined,
  );
  return {
    stop: async () => {
      stopped = true;
      await running?.stop();
    },
  };
}
