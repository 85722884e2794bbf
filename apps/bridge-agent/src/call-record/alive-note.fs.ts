import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** Until when this agent is known to have held its calls. */
export interface AliveNote {
  /** What the last process noted; undefined where it never did. */
  read(): Promise<Date | undefined>;
  write(at: Date): Promise<void>;
  close(): Promise<void>;
}

const BYTES = new Date(0).toISOString().length;

/**
 *  Written in place, always as many bytes: a full disk takes it as well, and a killed process leaves the old time or
 *  the new one.
 */
export function createAliveNote(path: string): AliveNote {
  let file: FileHandle | undefined;
  const opened = async (): Promise<FileHandle> => {
    if (file !== undefined) return file;
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o640);
    // The disk gives the space now, while it has some.
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
