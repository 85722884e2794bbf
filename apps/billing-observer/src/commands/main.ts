import { parseEnvironment } from '@trunkmesh/runtime/environment.js';
import { showProgress } from '@trunkmesh/runtime/progress.tty.js';
import type { DataSource } from 'typeorm';
import { rebuild } from '../call-log/rebuild.pg.js';
import { environment } from '../config.js';
import { createDataSource, migrate } from '../database.pg.js';
import { readArguments, USAGE, type Command } from './arguments.js';

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stopping.signal.aborted) process.exit(130);
    process.stderr.write('\nstopping after the step that is under way; once more stops at once\n');
    stopping.abort(new Error('it was stopped'));
  });
}

async function withDatabase<Result>(work: (dataSource: DataSource) => Promise<Result>): Promise<Result> {
  const { DATABASE_URL } = parseEnvironment(environment.pick({ DATABASE_URL: true }), process.env);
  const dataSource = await createDataSource(DATABASE_URL).initialize();
  try {
    await migrate(dataSource);
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

async function run(command: Command): Promise<number> {
  if (command.name === 'help') {
    (command.problem === null ? process.stdout : process.stderr).write(`${command.problem === null ? '' : `${command.problem}\n\n`}${USAGE}`);
    return command.problem === null ? 0 : 2;
  }
  const progress = showProgress(process.stderr);
  try {
    const { calls, events } = await withDatabase((dataSource) => rebuild(dataSource, { signal: stopping.signal, progress: progress.show }));
    process.stdout.write(`rebuilt the call log: ${calls} calls from ${events} events\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`\n${command.name}: ${(error as Error).message}\n`);
    return stopping.signal.aborted ? 130 : 1;
  } finally {
    progress.end();
  }
}

process.exitCode = await run(readArguments(process.argv.slice(2)));
