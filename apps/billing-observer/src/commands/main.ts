import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { parseEnvironment } from '@trunkmesh/runtime/environment.js';
import { runOperatorCommand, stopOnSignals, type Running } from '@trunkmesh/runtime/operator-command.process.js';
import type { DataSource } from 'typeorm';
import { rebuild } from '../call-log/rebuild.pg.js';
import { environmentSchema } from '../config.js';
import { migrate } from '@trunkmesh/event-log/database.pg.js';
import { createDataSource } from '../database.pg.js';
import { listDeadLetters, replayDeadLetters } from '../usage/dead-letters.pg.js';
import { listGaps } from '../usage/gaps.pg.js';
import { archiveMonths } from '../usage/archive/archive-months.pg.js';
import { rebuildUsage } from '../usage/summary/recount.pg.js';
import { readArguments, USAGE, type CommandName } from './arguments.js';

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

async function archive(dataSource: DataSource, running: Running): Promise<string> {
  const settings = environmentSchema.pick({ USAGE_KEEP_MONTHS: true, USAGE_ARCHIVE_DIR: true });
  const { USAGE_KEEP_MONTHS: keepMonths, USAGE_ARCHIVE_DIR: folder } = parseEnvironment(settings, process.env);
  if (keepMonths === 0) return 'USAGE_KEEP_MONTHS is 0: all months stay in the database';
  if (folder === undefined) throw new Error('USAGE_ARCHIVE_DIR is not set: name a folder for the files');
  const { files, waiting } = await archiveMonths(dataSource, { folder, keepMonths, now: () => new Date() }, running);
  return [
    ...files.map(({ name, entries }) => `${name}  ${entries} entries`),
    ...waiting.map(({ month, reason }) => `${month} stays for now: ${reason}`),
    `exported and dropped ${files.length} months`,
  ].join('\n');
}

/** Does it, and says what it has done. */
const COMMANDS: Record<CommandName, (dataSource: DataSource, running: Running) => Promise<string>> = {
  rebuild: async (dataSource, running) => {
    const { calls, events } = await rebuild(dataSource, running);
    return `rebuilt the call log: ${calls} calls from ${events} events`;
  },
  'rebuild-usage': async (dataSource, running) =>
    `rebuilt the sums of usage of ${await rebuildUsage(dataSource, running)} organisations`,
  'archive-usage': archive,
  'dead-letters': async (dataSource) => {
    const letters = await listDeadLetters(dataSource);
    const lines = letters.map(({ stream_sequence, kept_at, reason, subject, bytes }) =>
      [stream_sequence, kept_at.toISOString(), reason, subject, `${bytes} bytes`].join('  '),
    );
    return [...lines, `${letters.length} messages could not be recorded`].join('\n');
  },
  gaps: async (dataSource) => {
    const gaps = await listGaps(dataSource);
    const missing = gaps.reduce((sum, { first, last }) => sum + BigInt(last) - BigInt(first) + 1n, 0n);
    const lines = gaps.map(({ bridge_id, bridge_epoch, first, last, after, before, requested }) =>
      [
        `${bridge_id}  epoch ${bridge_epoch}  records ${first} to ${last}`,
        `ended between ${after?.toISOString() ?? 'an unknown time'} and ${before?.toISOString() ?? 'an unknown time'}`,
        requested ? 'requested again' : 'lost with the disk of that epoch',
      ].join('  '),
    );
    return [...lines, `${missing} call records are missing`].join('\n');
  },
  replay: async (dataSource, running) => {
    const { recorded, left } = await replayDeadLetters(dataSource, running);
    return `recorded ${recorded} messages; ${left} could not be recorded and stay in the list`;
  },
};

process.exitCode = await runOperatorCommand(readArguments(process.argv.slice(2)), {
  usage: USAGE,
  stopping,
  run: async ({ name }, running) => {
    const done = await withDatabase((dataSource) => COMMANDS[name](dataSource, running));
    process.stdout.write(`${done}\n`);
    return true;
  },
});
