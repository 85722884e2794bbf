import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallAnswered, CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import { syncFile } from './disk-sync.fs.js';
import { removeFile } from './record-files.fs.js';
import type { StoryPart } from './story-part.js';

/** A call that has begun and whose record is not written yet. */
export interface OpenCall {
  started: CallStarted;
  answered: CallAnswered | null;
  /** In the order in which it was told. */
  story: readonly StoryPart[];
}

/**
 * All writes are in the kernel's hands when they resolve, so a killed agent finds them again. The disk gets them soon after: a host that loses power has ended its
 * calls as well. What a disk refuses is written as soon as it takes it, together with what follows.
 */
export interface OpenCalls {
  started(event: CallStarted): Promise<void>;
  /** After `started` of the same call. */
  answered(event: CallAnswered): Promise<void>;
  /** After `started` of the same call; not synced of its own. */
  keep(callId: string, part: StoryPart): Promise<void>;
  /** After all of these. */
  remove(callId: string): Promise<void>;
  /** Left by this agent's life before. */
  readonly found: readonly OpenCall[];
  /** The latest moment at which the life before noted that it held its calls; undefined where it never did. */
  readonly lastAlive: Date | undefined;
  stop(): Promise<void>;
}

export interface OpenCallsOptions {
  /** STATE_DIR/open */
  folder: string;
  /** Calls that go on; with none of them nothing has to be noted. */
  count: () => number;
  logger: Logger;
}

const NAME = /^[\da-f-]{36}\.jsonl$/;
/** A call that ends while the agent is dead is known to have lasted until the last of these. */
const ALIVE_MS = 500;
const APPEND_TO_EXISTING = constants.O_WRONLY | constants.O_APPEND;

/** One file a call that goes on, its events a line each, so that an agent that is killed still ends every one of them. */
export async function openCallsIn({ folder, count, logger }: OpenCallsOptions): Promise<OpenCalls> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const path = (callId: string) => join(folder, `${callId}.jsonl`);
  for (const name of await readdir(folder)) if (name.endsWith('.jsonl.tmp')) await removeFile(join(folder, name));
  const found = await readAll(folder, logger);
  const lastAlive = await readAlive(folder);
  const unsynced = new Set<string>();
  const lines = new Map<string, Line[]>(found.map(({ started, answered, story }) => [started.data.call_id, [started, ...(answered === null ? [] : [answered]), ...story]]));
  /** Calls whose file is not there, or not whole. */
  const broken = new Set<string>();
  let mending: Promise<void> = Promise.resolve();

  const put = async (callId: string, line: Line, write: () => Promise<void>): Promise<void> => {
    lines.get(callId)?.push(line);
    if (broken.has(callId)) return;
    try { await write(); } catch (error) {
      if (lines.has(callId)) broken.add(callId);
      throw error;
    }
  };
  const mend = async (callId: string): Promise<void> => {
    const whole = [...lines.get(callId) ?? []];
    await writeFile(`${path(callId)}.tmp`, textOf(...whole), { mode: 0o640 });
    await rename(`${path(callId)}.tmp`, path(callId));
    unsynced.add(callId);
    // What came meanwhile is not in it.
    if (lines.get(callId)?.length === whole.length) broken.delete(callId);
  };
  const mendAll = async (): Promise<void> => { for (const callId of [...broken]) if (broken.has(callId)) await mend(callId); };

  const background = async (): Promise<void> => {
    if (count() > 0) await noteAlive(folder);
    await (mending = mendAll());
    for (const callId of [...unsynced]) {
      unsynced.delete(callId);
      await syncFile(path(callId)).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'ENOENT') throw error; });
    }
  };
  let noting: Promise<void> | undefined;
  const run = () => {
    noting ??= background().catch((error: unknown) => { logger.warn({ err: error }, 'open calls cannot be synced to disk'); }).finally(() => { noting = undefined; });
    return noting;
  };
  const timer = setInterval(() => { void run(); }, ALIVE_MS);
  return {
    found,
    lastAlive,
    started: async (event) => {
      const { call_id: callId } = event.data;
      lines.set(callId, []);
      // No temporary file and no rename: this is written before the call is answered, so one that was cut short is of a call that nobody answered.
      await put(callId, event, () => writeFile(path(callId), textOf(event), { mode: 0o640 }));
      unsynced.add(callId);
    },
    answered: async (event) => {
      const { call_id: callId } = event.data;
      await put(callId, event, () => append(path(callId), event));
      unsynced.add(callId);
    },
    keep: (callId, part) => put(callId, part, () => append(path(callId), part)),
    remove: async (callId) => {
      for (const calls of [unsynced, broken, lines]) calls.delete(callId);
      await mending.catch(() => undefined);
      await removeFile(path(callId));
    },
    stop: async () => {
      clearInterval(timer);
      await noting;
      await run();
    },
  };
}

type Line = CallStarted | CallAnswered | StoryPart;
const textOf = (...lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

async function append(path: string, line: CallAnswered | StoryPart): Promise<void> {
  const file = await open(path, APPEND_TO_EXISTING);
  try { await file.writeFile(textOf(line)); } finally { await file.close(); }
}

async function noteAlive(folder: string): Promise<void> {
  await writeFile(join(folder, 'alive.tmp'), new Date().toISOString(), { mode: 0o640 });
  await rename(join(folder, 'alive.tmp'), join(folder, 'alive'));
}

async function readAlive(folder: string): Promise<Date | undefined> {
  const at = new Date((await readFile(join(folder, 'alive'), 'utf8').catch(() => '')).trim());
  return Number.isNaN(at.getTime()) ? undefined : at;
}

async function readAll(folder: string, logger: Logger): Promise<OpenCall[]> {
  const calls: OpenCall[] = [];
  for (const name of (await readdir(folder)).filter((entry) => NAME.test(entry))) {
    const [first, ...more] = (await readFile(join(folder, name), 'utf8')).split('\n').map(parse);
    if (first?.type === 'CallStarted') {
      calls.push({ started: first, answered: more.find((line) => line?.type === 'CallAnswered') ?? null, story: more.filter((line) => line?.type === 'CallStory') });
    }
    else {
      logger.warn({ file: name }, 'an open call\'s file is cut short: the call was never answered');
      await removeFile(join(folder, name));
    }
  }
  return calls;
}

function parse(line: string): Line | undefined {
  try { return JSON.parse(line) as Line; } catch { return undefined; }
}
