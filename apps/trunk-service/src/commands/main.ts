import { randomBytes } from 'node:crypto';
import { refillStream } from '@trunkmesh/event-log/refill.nats.js';
import { parseEnvironment } from '@trunkmesh/runtime/environment.js';
import { parseKeyRing } from '@trunkmesh/runtime/key-ring.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { runOperatorCommand, stopOnSignals, type Running } from '@trunkmesh/runtime/operator-command.process.js';
import type { DataSource } from 'typeorm';
import { environmentVariables } from '../config.js';
import { ENTITIES, MIGRATIONS } from '../migrations.pg.js';
import { openEventStore, type EventStore } from '../event-store/event-store.pg.js';
import { readArguments, USAGE, type Command } from './arguments.js';
import { rebuild } from './rebuild.pg.js';
import { rotateKeys } from './rotate-keys.pg.js';

const OPEN_DEADLINE_MS = 15_000;
const logger = createLogger('trunk-service-command', { level: process.env.LOG_LEVEL ?? 'warn' });
const say = (text: string) => process.stdout.write(`${text}\n`);

const stopping = stopOnSignals();

type Runnable = Exclude<Command, { name: 'help' }>;

/** True: all was done. */
const COMMANDS: {
  [Name in Runnable['name']]: (command: Extract<Runnable, { name: Name }>, running: Running) => Promise<boolean>;
} = {
  rebuild: (_command, running) =>
    withEventStore(async (_store, dataSource) => {
      const { events, tables } = await rebuild(dataSource, running);
      say(`rebuilt ${tables.join(', ')} from ${events} events`);
      return true;
    }),
  refill: ({ replace }, { signal, progress }) =>
    withEventStore(async (_store, dataSource) => {
      const { NATS_URL } = parseEnvironment(environmentVariables.pick({ NATS_URL: true }), process.env);
      const nc = await connectNats(NATS_URL, { name: 'trunk-service refill', logger });
      try {
        const { published, total, finished } = await refillStream({
          dataSource,
          nc,
          logger,
          replace,
          signal,
          onProgress: ({ done, total: all }) => progress('publishing', done, all),
        });
        say(
          finished
            ? `published ${published} events`
            : `stopped after ${published} of ${total} events; the rest waits in the outbox, and the relay of a ` +
                'running service goes on with it',
        );
        return finished;
      } finally {
        await nc.close();
      }
    }),
  'rotate-keys': (_command, running) =>
    withEventStore(async (store) => {
      const ring = parseKeyRing(
        parseEnvironment(environmentVariables.pick({ SECRET_KEYS: true }), process.env).SECRET_KEYS,
      );
      const { total, reencrypted, unreadable } = await rotateKeys(store, ring, running);
      say(`encrypted ${reencrypted} of ${total} secrets again with the key "${ring.sealsWith}"`);
      for (const { kind, id, key_id } of unreadable)
        say(
          `${kind} ${id}: its secret is sealed with the key "${key_id}", which is not in SECRET_KEYS or does ` +
            'not open it; left as it is',
        );
      return unreadable.length === 0 && !running.signal.aborted;
    }),
};

async function withEventStore(work: (store: EventStore, dataSource: DataSource) => Promise<boolean>): Promise<boolean> {
  const { DATABASE_URL } = parseEnvironment(environmentVariables.pick({ DATABASE_URL: true }), process.env);
  // Fingerprints are of HTTP requests; a command has none.
  const store = openEventStore({
    url: DATABASE_URL,
    poolSize: 4,
    source: 'trunk-service',
    entities: ENTITIES,
    migrations: MIGRATIONS,
    fingerprintKey: randomBytes(32).toString('base64'),
    logger,
  });
  const late = setTimeout(
    () => stopping.abort(new Error('PostgreSQL cannot be reached at DATABASE_URL')),
    OPEN_DEADLINE_MS,
  );
  try {
    const aborted = new Promise<never>((_resolve, reject) =>
      stopping.signal.addEventListener('abort', () => reject(stopping.signal.reason as Error), { once: true }),
    );
    aborted.catch(() => undefined);
    const dataSource = await Promise.race([store.opened, aborted]);
    clearTimeout(late);
    return await work(store, dataSource);
  } finally {
    clearTimeout(late);
    await store.close();
  }
}

process.exitCode = await runOperatorCommand<Runnable>(readArguments(process.argv.slice(2)), {
  usage: USAGE,
  stopping,
  run: (command, running) =>
    (COMMANDS[command.name] as (command: Runnable, running: Running) => Promise<boolean>)(command, running),
});
