import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallAnswered, CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { createAliveNote } from './alive-note.fs.js';
import { syncFile } from '@trunkmesh/runtime/disk-sync.fs.js';
import { removeFile } from '@trunkmesh/runtime/durable-files.fs.js';
import { append, openCallOf, readAll, textOf, type Line, type OpenCall } from './open-call-file.fs.js';
import type { StoryPart } from './story-part.js';

export interface OpenCallsOptions {
  /** STATE_DIR/open */
  folder: string;
  /** Calls in progress; without any, no time needs to be noted. */
  count: () => number;
  logger: Logger;
}

/** What becomes of a call's file. */
export interface OpenCallsListener {
  /** A line of the call could not be written: the file is missing or incomplete until `mended`. */
  refused(callId: string): void;
  mended(callId: string): void;
}

/**
 * How often the time is noted. A call that ends while the agent is down is known to have lasted until the last note.
 */
const ALIVE_MS = 500;
/** How often to check whether the disk accepts writes, in ticks of `ALIVE_MS`. */
const PROBE_TICKS = 4;
const PROBE = Buffer.alloc(4096);

/**
 * One file per call in progress, one event per line, so that the calls of a killed agent still get their end.
 *
 * The kernel has the data when a write resolves, so a killed agent finds it again. It is synced to disk soon after: a
 * power failure ends the calls as well. A failed write is repeated, together with what follows.
 */
export class OpenCalls {
  private readonly unsynced = new Set<string>();
  private readonly lines: Map<string, Line[]>;
  /** Calls whose file is missing or incomplete. */
  private readonly broken = new Set<string>();
  private readonly timer: NodeJS.Timeout;
  private mending: Promise<void> = Promise.resolve();
  private noting: Promise<void> | undefined;
  private lastTrouble: string | undefined;
  private ticks = 0;
  private listener: OpenCallsListener | undefined;

  static async in(options: OpenCallsOptions): Promise<OpenCalls> {
    const { folder, logger } = options;
    await mkdir(folder, { recursive: true, mode: 0o750 });
    for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await removeFile(join(folder, name));
    const found = await readAll(folder, logger);
    const alive = createAliveNote(join(folder, 'alive'));
    return new OpenCalls(options, alive, { found, lastAlive: await alive.read() });
  }

  private constructor(
    private readonly options: OpenCallsOptions,
    private readonly alive: ReturnType<typeof createAliveNote>,
    private readonly before: { found: readonly OpenCall[]; lastAlive: Date | undefined },
  ) {
    this.lines = new Map<string, Line[]>(
      before.found.map(({ started, answered, story }) => [
        started.data.call_id,
        [started, ...(answered === null ? [] : [answered]), ...story],
      ]),
    );
    this.timer = setInterval(() => {
      void this.run();
    }, ALIVE_MS);
  }

  /** Left by the previous process. */
  get found(): readonly OpenCall[] {
    return this.before.found;
  }

  /** The last time at which the previous process noted that it held its calls; undefined if there is none. */
  get lastAlive(): Date | undefined {
    return this.before.lastAlive;
  }

  listen(listener: OpenCallsListener): void {
    this.listener = listener;
  }

  async started(event: CallStarted): Promise<void> {
    const { call_id: callId } = event.data;
    this.lines.set(callId, []);
    // No temporary file and no rename: this is written before the call is answered, so a truncated file belongs to an
    // unanswered call.
    await this.put(callId, event, () => writeFile(this.path(callId), textOf(event), { mode: 0o640 }));
    this.unsynced.add(callId);
  }

  /** After `started` of the same call. */
  async answered(event: CallAnswered): Promise<void> {
    const { call_id: callId } = event.data;
    await this.put(callId, event, () => append(this.path(callId), event));
    this.unsynced.add(callId);
  }

  /** After `started` of the same call; not synced by itself. */
  keep(callId: string, part: StoryPart): Promise<void> {
    return this.put(callId, part, () => append(this.path(callId), part));
  }

  /** After all of these. */
  async remove(callId: string): Promise<void> {
    for (const calls of [this.unsynced, this.broken, this.lines]) calls.delete(callId);
    await this.mending.catch(() => undefined);
    await removeFile(this.path(callId));
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
    await this.noting;
    await this.run();
    await this.alive.close();
  }

  private path(callId: string): string {
    return join(this.options.folder, `${callId}.jsonl`);
  }

  private async put(callId: string, line: Line, write: () => Promise<void>): Promise<void> {
    this.lines.get(callId)?.push(line);
    if (this.broken.has(callId)) return this.listener?.refused(callId);
    try {
      await write();
    } catch (error) {
      // A call without lines was never started.
      if (this.lines.has(callId)) {
        this.broken.add(callId);
        this.refusedBy(error);
        this.listener?.refused(callId);
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
    this.noting ??= this.background()
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error }, 'cannot sync open calls to disk');
      })
      .finally(() => {
        this.noting = undefined;
      });
    return this.noting;
  }

  private async background(): Promise<void> {
    if (this.options.count() > 0) await this.alive.write(new Date());
    this.mending = this.mendAll().catch((error: unknown) => this.refusedBy(error));
    await this.mending;
    if (this.ticks++ % PROBE_TICKS === 0) await this.probe();
    for (const callId of [...this.unsynced]) {
      this.unsynced.delete(callId);
      await syncFile(this.path(callId)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }

  private async mendAll(): Promise<void> {
    for (const callId of [...this.broken]) if (this.broken.has(callId)) await this.mend(callId);
  }

  private async mend(callId: string): Promise<void> {
    const path = this.path(callId);
    const whole = [...(this.lines.get(callId) ?? [])];
    await writeFile(`${path}.tmp`, textOf(...whole), { mode: 0o640 });
    await rename(`${path}.tmp`, path);
    this.unsynced.add(callId);
    // Lines added in the meantime are not in it.
    if (this.lines.get(callId)?.length !== whole.length) return;
    this.broken.delete(callId);
    this.listener?.mended(callId);
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
