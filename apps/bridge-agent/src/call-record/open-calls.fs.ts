import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallContinued } from '@trunkmesh/contracts/call-attempts.js';
import type { CallAnswered, CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { removeFile } from '@trunkmesh/runtime/durable-files.fs.js';
import { openCallOf, readAll, textOf, type Line, type OpenCall } from './open-call-file.fs.js';
import { openCallPath, OpenFiles } from './open-files.fs.js';
import type { StoryPart } from './story-part.js';

export interface OpenCallsOptions {
  /** STATE_DIR/open */
  folder: string;
  /** Left by the previous process, as `readOpenCalls` found them. */
  found: readonly OpenCall[];
  /** A line of the call could not be written: the file is missing or incomplete until `onMended`. */
  onRefused(callId: string): void;
  onMended(callId: string): void;
  logger: Logger;
}

const SYNC_MS = 500;
/** How often to check whether the disk accepts writes, in ticks of `SYNC_MS`. */
const PROBE_TICKS = 4;
const PROBE = Buffer.alloc(4096);

/** The calls that the previous process left open in this folder, which is made if it is missing. */
export async function readOpenCalls(
  folder: string,
  isRecorded: (callId: string) => boolean,
  logger: Logger,
): Promise<OpenCall[]> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await removeFile(join(folder, name));
  const found = await readAll(folder, logger);
  // The process was killed between writing the call record and removing the open call: the call record exists.
  const recorded = found.filter(({ started }) => isRecorded(started.data.call_id));
  for (const { started } of recorded) await removeFile(openCallPath(folder, started.data.call_id));
  return found.filter((call) => !recorded.includes(call));
}

/**
 * One file per call in progress, one event per line, so that the calls of a killed agent still get their end.
 *
 * The kernel has the data when a write resolves, so a killed agent finds it again. It is synced to disk soon after: a
 * power failure ends the calls as well. A failed write is repeated, together with what follows.
 */
export class OpenCalls {
  private readonly unsynced = new Set<string>();
  private readonly lines: Map<string, Line[]>;
  private readonly files: OpenFiles;
  /** Calls with a missing or incomplete file. */
  private readonly broken = new Set<string>();
  private readonly timer: NodeJS.Timeout;
  private mending: Promise<void> = Promise.resolve();
  private syncing: Promise<void> | undefined;
  private lastTrouble: string | undefined;
  private ticks = 0;

  constructor(private readonly options: OpenCallsOptions) {
    this.files = new OpenFiles(options.folder);
    this.lines = new Map<string, Line[]>(
      options.found.map(({ started, continued, answered, story }) => [
        started.data.call_id,
        [started, ...[continued, answered].filter((line) => line != null), ...story],
      ]),
    );
    this.timer = setInterval(() => {
      void this.run();
    }, SYNC_MS);
  }

  async started(event: CallStarted, ...before: (CallContinued | StoryPart)[]): Promise<void> {
    const { call_id: callId } = event.data;
    const lines = [event, ...before];
    this.lines.set(callId, lines.slice(0, -1));
    // No temporary file and no rename: this is written before the call is answered, so a truncated file belongs to an
    // unanswered call.
    await this.put(callId, lines.at(-1)!, () => this.files.create(callId, textOf(...lines)));
    this.unsynced.add(callId);
  }

  /** Whether its file has all its lines. */
  isWhole(callId: string): boolean {
    return this.lines.has(callId) && !this.broken.has(callId);
  }

  /** After `started` of the same call. */
  async answered(event: CallAnswered): Promise<void> {
    const { call_id: callId } = event.data;
    await this.put(callId, event, () => this.files.append(callId, textOf(event)));
    this.unsynced.add(callId);
  }

  /** After `started` of the same call; not synced by itself. */
  keep(callId: string, part: StoryPart): Promise<void> {
    return this.put(callId, part, () => this.files.append(callId, textOf(part)));
  }

  /** After all of these. */
  async remove(callId: string): Promise<void> {
    for (const calls of [this.unsynced, this.broken, this.lines]) calls.delete(callId);
    await this.mending.catch(() => undefined);
    await this.files.close(callId);
    await removeFile(this.files.path(callId));
  }

  /** The events of a call in progress, written to disk or not. */
  linesOf(callId: string): OpenCall | undefined {
    return openCallOf(this.lines.get(callId) ?? []);
  }

  /** Why writing fails; undefined while it works. */
  trouble(): string | undefined {
    return this.lastTrouble;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.syncing;
    await this.run();
    await this.files.closeAll();
  }

  private async put(callId: string, line: Line, write: () => Promise<void>): Promise<void> {
    this.lines.get(callId)?.push(line);
    if (this.broken.has(callId)) return this.options.onRefused(callId);
    try {
      await write();
    } catch (error) {
      // A call without lines was never started.
      if (this.lines.has(callId)) {
        this.broken.add(callId);
        this.refusedBy(error);
        this.options.onRefused(callId);
      }
      throw error;
    }
  }

  private refusedBy(error: unknown): void {
    if (this.lastTrouble === undefined)
      this.options.logger.error({ err: error }, 'cannot write open calls to disk; retrying');
    this.lastTrouble = (error as NodeJS.ErrnoException).code ?? String(error);
  }

  private run(): Promise<void> {
    this.syncing ??= this.background()
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error }, 'cannot sync open calls to disk');
      })
      .finally(() => {
        this.syncing = undefined;
      });
    return this.syncing;
  }

  private async background(): Promise<void> {
    this.mending = this.mendAll().catch((error: unknown) => this.refusedBy(error));
    await this.mending;
    if (this.ticks++ % PROBE_TICKS === 0) await this.probe();
    for (const callId of [...this.unsynced]) {
      this.unsynced.delete(callId);
      await this.files.sync(callId);
    }
  }

  private async mendAll(): Promise<void> {
    for (const callId of [...this.broken]) if (this.broken.has(callId)) await this.mend(callId);
  }

  private async mend(callId: string): Promise<void> {
    const path = this.files.path(callId);
    const whole = [...(this.lines.get(callId) ?? [])];
    await writeFile(`${path}.tmp`, textOf(...whole), { mode: 0o640 });
    await rename(`${path}.tmp`, path);
    await this.files.close(callId);
    this.unsynced.add(callId);
    // Lines added in the meantime are not in it.
    if (this.lines.get(callId)?.length !== whole.length) return;
    this.broken.delete(callId);
    this.options.onMended(callId);
  }

  private async probe(): Promise<void> {
    const file = join(this.options.folder, 'probe.tmp');
    try {
      await writeFile(file, PROBE, { mode: 0o640 });
      if (this.broken.size === 0) this.lastTrouble = undefined;
    } catch (error) {
      this.refusedBy(error);
    } finally {
      await removeFile(file);
    }
  }
}
