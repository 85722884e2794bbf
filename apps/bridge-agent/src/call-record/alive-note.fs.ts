import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** The last time at which this agent was known to hold its calls. */
export interface AliveNote {
  /** The previous process's note; undefined if there is none. */
  read(): Promise<Date | undefined>;
  write(at: Date): Promise<void>;
  close(): Promise<void>;
}

const BYTES = new Date(0).toISOString().length;

/**
 * Written in place with a fixed length: it works on a full disk, and a killed process leaves either the old time or the
 * new one.
 */
export function createAliveNote(path: string): AliveNote {
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
