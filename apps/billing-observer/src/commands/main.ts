import { userInfo } from 'node:os';
import type { UsageGap } from '@trunkmesh/contracts/usage-gap.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { parseEnvironment } from '@trunkmesh/runtime/environment.js';
import { runOperatorCommand, stopOnSignals, type Running } from '@trunkmesh/runtime/operator-command.process.js';
import type { DataSource } from 'typeorm';
import { rebuild } from '../call-log/rebuild.pg.js';
import { environmentSchema } from '../config.js';
import { migrate } from '@trunkmesh/event-log/database.pg.js';
import { createDataSource } from '../database.pg.js';
import { acceptGap } from '../usage/accept-gap.pg.js';
import { discardDeadLetter, findDeadLetter, listDeadLetters, replayDeadLetters } from '../usage/dead-letters.pg.js';
import { listGaps } from '../usage/gaps.pg.js';
import { archiveMonths } from '../usage/archive/archive-months.pg.js';
import { rebuildUsage } from '../usage/summary/recount.pg.js';
import { maskedPayload } from '../usage/masked-payload.js';
import type { UnreadableRow } from '../usage/unreadable-row.pg.js';
import { readArguments, USAGE, type Command } from './arguments.js';
import { decidedBy } from './decided-by.js';

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

/** Undefined: the system has no name for it. */
function systemUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
const by = (named: string | undefined) => decidedBy(named, systemUser());

async function deadLetters(dataSource: DataSource, { show, discard }: CommandOf<'dead-letters'>): Promise<string> {
  if (show !== undefined) {
    const letter = await findDeadLetter(dataSource, show);
    return [...headOf(letter), maskedPayload(letter.payload)].join('\n');
  }
  if (discard !== undefined) {
    const { reason, by: named, ...id } = discard;
    await discardDeadLetter(dataSource, { ...id, discard_reason: reason, discarded_by: by(named) });
    return `discarded message ${id.sequence}-${id.digest}; it is kept and is not replayed`;
  }
  const letters = await listDeadLetters(dataSource);
  const lines = letters.map(({ stream_sequence, digest, kept_at, reason, subject, bytes }) =>
    [`${stream_sequence}-${digest.slice(0, 8)}`, kept_at.toISOString(), reason, subject, `${bytes} bytes`].join('  '),
  );
  return [...lines, `${letters.length} messages could not be recorded`].join('\n');
}

function headOf(letter: UnreadableRow): string[] {
  const { subject, reason, kept_at, digest, discarded_at, discarded_by, discard_reason } = letter;
  return [
    `subject    ${subject}`,
    `reason     ${reason}`,
    `kept at    ${kept_at.toISOString()}`,
    `sha-256    ${digest}`,
    ...(discarded_at === null
      ? []
      : [`discarded  ${discarded_at.toISOString()} by ${discarded_by ?? ''}: ${discard_reason ?? ''}`]),
  ];
}

async function gaps(dataSource: DataSource, { accept }: CommandOf<'gaps'>): Promise<string> {
  if (accept !== undefined) {
    const { bridge: bridge_id, epoch: bridge_epoch, first, last, reason, by: named } = accept;
    const accepted = { bridge_id, bridge_epoch, first, last, reason, accepted_by: by(named) };
    const gap = await acceptGap(dataSource, accepted);
    return `accepted the loss of records ${first} to ${last} of ${bridge_id}, epoch ${gap.bridge_epoch}`;
  }
  const found = await listGaps(dataSource);
  const open = found.filter(({ acceptance }) => acceptance === null);
  const missing = open.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return [...found.map(gapLine), `${missing} call records are missing`].join('\n');
}

function gapLine({ bridge_id, bridge_epoch, first, last, after, before, requested, acceptance }: UsageGap): string {
  const becomes = requested ? 'requested again' : 'lost with the disk of that epoch';
  return [
    `${bridge_id}  epoch ${bridge_epoch}  records ${first} to ${last}`,
    `ended between ${after ?? 'an unknown time'} and ${before ?? 'an unknown time'}`,
    acceptance === null
      ? becomes
      : `accepted at ${acceptance.accepted_at} by ${acceptance.accepted_by}: ${acceptance.reason}`,
  ].join('  ');
}

type CommandOf<Name extends Command['name']> = Extract<Command, { name: Name }>;

/** Does it, and returns what it has done. */
async function run(dataSource: DataSource, command: Command, running: Running): Promise<string> {
  switch (command.name) {
    case 'rebuild': {
      const { calls, events } = await rebuild(dataSource, running);
      return `rebuilt the call log: ${calls} calls from ${events} events`;
    }
    case 'rebuild-usage':
      return `rebuilt the sums of usage of ${await rebuildUsage(dataSource, running)} organisations`;
    case 'archive-usage':
      return archive(dataSource, running);
    case 'dead-letters':
      return deadLetters(dataSource, command);
    case 'gaps':
      return gaps(dataSource, command);
    case 'replay': {
      const { recorded, left } = await replayDeadLetters(dataSource, running);
      return `recorded ${recorded} messages; ${left} could not be recorded and stay in the list`;
    }
  }
}

process.exitCode = await runOperatorCommand(readArguments(process.argv.slice(2)), {
  usage: USAGE,
  stopping,
  run: async (command, running) => {
    const done = await withDatabase((dataSource) => run(dataSource, command, running));
    process.stdout.write(`${done}\n`);
    return true;
  },
});
