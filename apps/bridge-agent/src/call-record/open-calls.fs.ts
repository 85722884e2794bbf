import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallAnswered, CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { createAliveNote } from './alive-note.fs.js';
import { syncFile } from '@trunkmesh/runtime/disk-sync.fs.js';
import { removeFile } from '@trunkmesh/runtime/durable-files.fs.js';
import type { StoryPart } from './story-part.js';

/** A call that has begun and whose record is not written yet. */
export interface OpenCall {
  started: CallStarted;
  answered: CallAnswered | null;
  /** In the order in which it was told. */
  story: readonly StoryPart[];
}

/**
 * All writes are in the kernel's hands when they resolve, so a killed agent finds them again. The disk gets them soon
 * after: a host that loses power has ended its calls as well. What a disk refuses is written as soon as it takes it,
 * together with what follows.
 */
export interface OpenCalls {
  started(event: CallStarted): Promise<void>;
  /** After `started` of the same call. */
  answered(event: CallAnswered): Promise<void>;
  /** After `started` of the same call; not synced of its own. */
  keep(callId: string, part: StoryPart): Promise<void>;
  /** After all of these. */
  remove(callId: string): Promise<void>;
  /** What was said of a call that goes on, whether or not the disk took it. */
  linesOf(callId: string): OpenCall | undefined;
  /** Why the disk takes nothing; undefined while it does. */
  trouble(): string | undefined;
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
  /** The disk refused a line of the call: the file is not there, or not whole, until `onMended`. */
  onRefused?: (callId: string) => void;
  onMended?: (callId: string) => void;
  logger: Logger;
}

const NAME = /^[\da-f-]{36}\.jsonl$/;
/** A call that ends while the agent is dead is known to have lasted until the last of these. */
const ALIVE_MS = 500;
/** Whether the disk takes anything is looked at this often, in ticks of `ALIVE_MS`. */
const PROBE_TICKS = 4;
const PROBE = Buffer.alloc(4096);
const APPEND_TO_EXISTING = constants.O_WRONLY | constants.O_APPEND;

/**
 *  One file a call that goes on, its events a line each, so that an agent that is killed still ends every one of them.
 */
export async function openCallsIn(options: OpenCallsOptions): Promise<OpenCalls> {
  const { folder, count, logger } = options;
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const path = (callId: string) => join(folder, `${callId}.jsonl`);
  for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await removeFile(join(folder, name));
  const found = await readAll(folder, logger);
  const alive = createAliveNote(join(folder, 'alive'));
  const lastAlive = await alive.read();
  const unsynced = new Set<string>();
  const lines = new Map<string, Line[]>(
    found.map(({ started, answered, story }) => [
      started.data.call_id,
      [started, ...(answered === null ? [] : [answered]), ...story],
    ]),
  );
  /** Calls whose file is not there, or not whole. */
  const broken = new Set<string>();
  let mending: Promise<void> = Promise.resolve();
  let trouble: string | undefined;
  const refusedBy = (error: unknown): void => {
    if (trouble === undefined) logger.error({ err: error }, 'open calls cannot be written to disk; trying again');
    trouble = (error as NodeJS.ErrnoException).code ?? String(error);
  };

  const put = async (callId: string, line: Line, write: () => Promise<void>): Promise<void> => {
    lines.get(callId)?.push(line);
    if (broken.has(callId)) return options.onRefused?.(callId);
    try {
      await write();
    } catch (error) {
      // Of a call without lines nothing was begun.
      if (lines.has(callId)) {
        broken.add(callId);
        refusedBy(error);
        options.onRefused?.(callId);
      }
      throw error;
    }
  };
  const mend = async (callId: string): Promise<void> => {
    const whole = [...(lines.get(callId) ?? [])];
    await writeFile(`${path(callId)}.tmp`, textOf(...whole), { mode: 0o640 });
    await rename(`${path(callId)}.tmp`, path(callId));
    unsynced.add(callId);
    // What came meanwhile is not in it.
    if (lines.get(callId)?.length !== whole.length) return;
    broken.delete(callId);
    options.onMended?.(callId);
  };
  const mendAll = async (): Promise<void> => {
    for (const callId of [...broken]) if (broken.has(callId)) await mend(callId);
  };

  let ticks = 0;
  const probe = async (): Promise<void> => {
    const file = join(folder, 'probe.tmp');
    try {
      await writeFile(file, PROBE, { mode: 0o640 });
      if (broken.size === 0) trouble = undefined;
    } catch (error) {
      refusedBy(error);
    } finally {
      await removeFile(file);
    }
  };
  const background = async (): Promise<void> => {
    if (count() > 0) await alive.write(new Date());
    await (mending = mendAll().catch(refusedBy));
    if (ticks++ % PROBE_TICKS === 0) await probe();
    for (const callId of [...unsynced]) {
      unsynced.delete(callId);
      await syncFile(path(callId)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  };
  let noting: Promise<void> | undefined;
  const run = () => {
    noting ??= background()
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'open calls cannot be synced to disk');
      })
      .finally(() => {
        noting = undefined;
      });
    return noting;
  };
  const timer = setInterval(() => {
    void run();
  }, ALIVE_MS);
  return {
    found,
    lastAlive,
    started: async (event) => {
      const { call_id: callId } = event.data;
      lines.set(callId, []);
      // No temporary file and no rename: this is written before the call is answered, so one that was cut short is of a
      // call that nobody answered.
      await put(callId, event, () => writeFile(path(callId), textOf(event), { mode: 0o640 }));
      unsynced.add(callId);
    },
    answered: async (event) => {
      const { call_id: callId } = event.data;
      await put(callId, event, () => append(path(callId), event));
      unsynced.add(callId);
    },
    keep: (callId, part) => put(callId, part, () => append(path(callId), part)),
    linesOf: (callId) => openCallOf(lines.get(callId) ?? []),
    trouble: () => trouble,
    remove: async (callId) => {
      for (const calls of [unsynced, broken, lines]) calls.delete(callId);
      await mending.catch(() => undefined);
      await removeFile(path(callId));
    },
    stop: async () => {
      clearInterval(timer);
      await noting;
      await run();
      await alive.close();
    },
  };
}

type Line = CallStarted | CallAnswered | StoryPart;
const textOf = (...lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

async function append(path: string, line: CallAnswered | StoryPart): Promise<void> {
  const file = await open(path, APPEND_TO_EXISTING);
  try {
    await file.writeFile(textOf(line));
  } finally {
    await file.close();
  }
}

async function readAll(folder: string, logger: Logger): Promise<OpenCall[]> {
  const calls: OpenCall[] = [];
  for (const name of (await readdir(folder)).filter((entry) => NAME.test(entry))) {
    const [first, ...more] = (await readFile(join(folder, name), 'utf8')).split('\n').map(parse);
    const call = openCallOf([first, ...more]);
    if (call !== undefined) calls.push(call);
    else {
      logger.warn({ file: name }, "an open call's file is cut short: the call was never answered");
      await removeFile(join(folder, name));
    }
  }
  return calls;
}

function parse(line: string): Line | undefined {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined;
  }
}

function openCallOf([first, ...more]: readonly (Line | undefined)[]): OpenCall | undefined {
  if (first?.type !== 'CallStarted') return undefined;
  return {
    started: first,
    answered: more.find((line) => line?.type === 'CallAnswered') ?? null,
    story: more.filter((line) => line?.type === 'CallStory'),
  };
}
