import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { parseEnvironment } from '@trunkmesh/runtime/environment.js';
import { runOperatorCommand, stopOnSignals } from '@trunkmesh/runtime/operator-command.process.js';
import type { DataSource } from 'typeorm';
import { rebuild } from '../call-log/rebuild.pg.js';
import { environmentSchema } from '../config.js';
import { migrate } from '@trunkmesh/event-log/database.pg.js';
import { createDataSource } from '../database.pg.js';
import { rebuildUsage } from '../usage/summary/recount.pg.js';
import { readArguments, USAGE } from './arguments.js';

const stopping = stopOnSignals();
const logger = createLogger('billing-observer-command', { level: process.env.LOG_LEVEL ?? 'warn' });

async function withDatabase<Result>(work: (dataSource: DataSource) => Promise<Result>): Promise<Result> {
  const { DATABASE_URL } = parseEnvironment(environmentSchema.pick({ DATABASE_URL: true }), process.env);
  const dataSource = await createDataSource(DATABASE_URL).initialize();
  try {
    await migrate(dataSource, logger);
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

process.exitCode = await runOperatorCommand(readArguments(process.argv.slice(2)), {
  usage: USAGE,
  stopping,
  run: async (command, running) => {
    if (command.name === 'rebuild-usage') {
      const organizations = await withDatabase((dataSource) => rebuildUsage(dataSource, running));
      process.stdout.write(`rebuilt the sums of usage of ${organizations} organisations\n`);
      return true;
    }
    const { calls, events } = await withDatabase((dataSource) => rebuild(dataSource, running));
    process.stdout.write(`rebuilt the call log: ${calls} calls from ${events} events\n`);
    return true;
  },
});
