import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';

/** The last time at which this agent was known to hold its calls. */
interface AliveNote {
  read(): Promise<Date | undefined>;
  write(at: Date): Promise<void>;
  close(): Promise<void>;
}

/** The last time that the previous process noted; undefined if there is none. */
export async function readAliveNote(stateDir: string): Promise<Date | undefined> {
  const note = createAliveNote(stateDir);
  try {
    return await note.read();
  } finally {
    await note.close();
  }
}

export interface AliveNotesOptions {
  stateDir: string;
  /** Calls that FreeSWITCH is known to have now; without any, no time needs to be noted. */
  count: () => number;
  logger: Logger;
}

/** A call that ends while the agent is down is known to have lasted until the last note. */
const NOTE_MS = 500;

/** Notes the time while there are calls. */
export class AliveNotes {
  private readonly note: AliveNote;
  private readonly timer: NodeJS.Timeout;
  private writing: Promise<void> | undefined;

  constructor(private readonly options: AliveNotesOptions) {
    this.note = createAliveNote(options.stateDir);
    this.timer = setInterval(() => {
      void this.writeOnce();
    }, NOTE_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    await this.writeOnce();
    await this.note.close();
  }

  private writeOnce(): Promise<void> {
    this.writing ??= this.write()
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error }, 'cannot note the time at which calls are in progress');
      })
      .finally(() => {
        this.writing = undefined;
      });
    return this.writing;
  }

  private async write(): Promise<void> {
    if (this.options.count() > 0) await this.note.write(new Date());
  }
}

const BYTES = new Date(0).toISOString().length;

/**
 * Written in place with a fixed length: it works on a full disk, and a killed process leaves either the old time or the
 * new one.
 */
function createAliveNote(stateDir: string): AliveNote {
  const path = join(stateDir, 'open', 'alive');
  let file: FileHandle | undefined;
  const opened = async (): Promise<FileHandle> => {
    if (file !== undefined) return file;
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o640);
    // Reserves the space while the disk has some.
    if ((await handle.stat()).size < BYTES) await handle.write(' '.repeat(BYTES), 0).catch(() => undefined);
    return (file = handle);
  };
  return {
    read: async () => {
      const { buffer, bytesRead } = await (await opened()).read(Buffer.alloc(BYTES), 0, BYTES, 0);
      const at = new Date(buffer.toString('utf8', 0, bytesRead).trim());
      return Number.isNaN(at.getTime()) ? undefined : at;
    },
    write: async (at) => {
      await (await opened()).write(at.toISOString(), 0);
    },
    close: async () => {
      await file?.close();
      file = undefined;
    },
  };
}
