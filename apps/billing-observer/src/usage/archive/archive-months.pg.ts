import { setTimeout as sleep } from 'node:timers/promises';
import { clientConfig } from '@trunkmesh/event-log/relay-session.pg.js';
import { SteadyClient } from '@trunkmesh/event-log/steady-client.pg.js';
import type { Running } from '@trunkmesh/runtime/operator-command.process.js';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { DataSource } from 'typeorm';
import { dropMonth, Changed } from './drop-month.pg.js';
import { writeMonthFile } from './month-file.fs.js';
import { boundsOf, fileOf, oldMonths, partitionOf } from './old-months.js';

export interface Archiving {
  folder: string;
  keepMonths: number;
  now: () => Date;
}

export interface Archived {
  files: { name: string; entries: number }[];
  /** Months that stay for now, each with the reason. */
  waiting: { month: string; reason: string }[];
}

/** Of a session: whoever else archives meanwhile finds it taken. */
const ARCHIVE_LOCK = 7_102_006;
const ATTEMPTS = 5;
const PAUSE_MS = 2_000;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Exports months of the ledger to files and drops them, the oldest first, while the service runs. A month is dropped in
 * one transaction, after its file was read back; a process that dies earlier leaves the month as it was. A month is
 * dropped only when all its entries are in closed statements.
 *
 * @throws Error when another copy archives
 */
export async function archiveMonths(dataSource: DataSource, archiving: Archiving, running: Running): Promise<Archived> {
  const client = new SteadyClient({ ...clientConfig(dataSource), application_name: 'archive-usage' });
  const lost = new AbortController();
  client.on('error', (error) => {
    lost.abort(error);
  });
  await client.connect();
  try {
    await client.query('SET statement_timeout = 0');
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [ARCHIVE_LOCK]);
    if (!rows[0]!.taken) throw new Error('another archive-usage is running; nothing was exported or dropped');
    const signal = AbortSignal.any([running.signal, lost.signal]);
    return await archiveAll(client, archiving, { ...running, signal });
  } finally {
    await client.end();
  }
}

async function archiveAll(client: pg.Client, archiving: Archiving, running: Running): Promise<Archived> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'ledger_entries'::regclass",
  );
  const archived: Archived = { files: [], waiting: [] };
  const partitions = rows.map(({ name }) => name);
  for (const month of oldMonths(partitions, archiving.keepMonths, archiving.now())) {
    running.signal.throwIfAborted();
    const { file, reason } = await archiveMonth(client, { ...archiving, month }, running);
    if (reason !== undefined) archived.waiting.push({ month, reason });
    if (file !== undefined) archived.files.push(file);
  }
  return archived;
}

/** Why a month cannot be dropped yet; undefined: it can. */
async function whyNot(client: pg.Client, month: string): Promise<string | undefined> {
  const { rows } = await client.query<{ organization_id: string; open: string }>(
    `SELECT organization_id, count(*) OVER () AS open FROM (SELECT organization_id, max(entry_id) AS last_entry,
        max(started_at) AS latest FROM ${partitionOf(month)} GROUP BY organization_id) AS entries
      LEFT JOIN LATERAL (SELECT ends, through_entry FROM usage_statements AS statement WHERE
        statement.organization_id = entries.organization_id ORDER BY month DESC LIMIT 1) AS last ON true
    WHERE ends IS NULL OR latest >= ends OR last_entry > through_entry LIMIT 1`,
  );
  const [first] = rows;
  if (first !== undefined)
    return `entries of ${first.open} organisations, such as ${first.organization_id}, are in no closed statement yet`;
  const { rows: plans } = await client.query<{ organization_id: string }>(
    'SELECT organization_id FROM rate_plans WHERE unsettled AND effective_from < $1::timestamptz LIMIT 1',
    [boundsOf(month).ends],
  );
  return plans[0] && `a changed rate plan still corrects calls of ${plans[0].organization_id}`;
}

interface Task extends Archiving {
  month: string;
}

/** Neither: it had no entries. */
interface Done {
  file?: Archived['files'][number];
  reason?: string;
}

/** Where entries were written while it was exported, again from the beginning. */
async function archiveMonth(client: pg.Client, task: Task, running: Running): Promise<Done> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await archiveOnce(client, task, running);
    } catch (error) {
      const busy = (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE;
      if (attempt === ATTEMPTS && busy)
        throw new Error(`${task.month} was not dropped: others read the ledger for long. Run it again later.`, {
          cause: error,
        });
      if (attempt === ATTEMPTS || !(busy || error instanceof Changed)) throw error;
    }
    await sleep(PAUSE_MS, undefined, { signal: running.signal });
  }
}

async function archiveOnce(
  client: pg.Client,
  { month, folder, now }: Task,
  { signal, progress }: Running,
): Promise<Done> {
  const partition = partitionOf(month);
  const { rows } = await client.query<{ entries: string; last_entry: string | null; part: number }>(
    `SELECT count(*) AS entries, max(entry_id) AS last_entry,
      (SELECT count(*)::int + 1 FROM usage_archives WHERE month = $1) AS part FROM ${partition}`,
    [month],
  );
  const { entries, last_entry, part } = rows[0]!;
  const contents = { month, part, entries, last_entry: last_entry ?? '0', archived_at: now() };
  // A partition that was made ahead and never used leaves no file.
  if (last_entry === null) {
    await dropMonth(client, contents, null);
    return {};
  }
  // After the count: no entry that is counted may be in no statement.
  const reason = await whyNot(client, month);
  if (reason !== undefined) return { reason };
  const name = fileOf(month, part);
  const copy = copyTo(`COPY (SELECT * FROM ${partition} ORDER BY started_at, entry_id) TO STDOUT (FORMAT csv, HEADER)`);
  let lines = 0;
  const file = await writeMonthFile({ folder, name }, client.query(copy), {
    signal,
    onLines: (more) => {
      lines += more;
      progress(`exporting ${month}`, Math.min(lines, Number(entries)), Number(entries));
    },
  });
  if (String(copy.rowCount) !== entries) throw new Changed(month);
  signal.throwIfAborted();
  await dropMonth(client, contents, { name, ...file });
  return { file: { name, entries: Number(entries) } };
}
