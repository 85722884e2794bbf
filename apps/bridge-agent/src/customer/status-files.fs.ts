import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFile, syncFolder } from '@trunkmesh/runtime/disk-sync.fs.js';
import { removeFile } from '@trunkmesh/runtime/durable-files.fs.js';
import { callOfFile, statusFileName } from './status-file.js';

/** One file a call whose statuses are not all delivered. */
export interface CallFiles {
  list(): Promise<string[]>;
  /** Undefined: there is none. */
  read(callId: string): Promise<string | undefined>;
  /**
   *  At this place in the file, which ends with it where something cut short may be behind. In the kernel's hands when
   *  it resolves.
   */
  write(callId: string, text: string, at: { bytes: number; cut: boolean }): Promise<void>;
  /** What was written, and the file's name, are on disk when it resolves. */
  sync(callId: string): Promise<void>;
  remove(callId: string): Promise<void>;
  /** To `given-up/`, where the oldest make room. */
  giveUp(callId: string): Promise<void>;
}

/** Of what is given up: for whoever looks for the cause, not for ever. */
export const GIVEN_UP_FILES = 5_000;
const WRITE = constants.O_WRONLY | constants.O_CREAT;

export async function callFilesIn(folder: string, keepGivenUp = GIVEN_UP_FILES): Promise<CallFiles> {
  const grave = join(folder, 'given-up');
  await mkdir(grave, { recursive: true, mode: 0o750 });
  const path = (callId: string) => join(folder, statusFileName(callId)!);
  const syncNames = together(() => syncFolder(folder));
  let buried: string[] | undefined;
  return {
    list: async () => (await readdir(folder)).map(callOfFile).filter((callId) => callId !== undefined),
    read: (callId) =>
      readFile(path(callId), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      }),
    write: async (callId, text, { bytes, cut }) => {
      // Who called whom is nobody else's.
      const file = await open(path(callId), WRITE, 0o640);
      try {
        if (cut) await file.truncate(bytes);
        const buffer = Buffer.from(text);
        for (let done = 0; done < buffer.length;)
          done += (await file.write(buffer, done, buffer.length - done, bytes + done)).bytesWritten;
      } finally {
        await file.close();
      }
    },
    sync: async (callId) => {
      await syncFile(path(callId));
      await syncNames();
    },
    remove: (callId) => removeFile(path(callId)),
    giveUp: async (callId) => {
      buried ??= await oldestFirst(grave);
      const name = statusFileName(callId)!;
      await rename(join(folder, name), join(grave, name));
      buried.push(name);
      for (const old of buried.splice(0, buried.length - keepGivenUp)) await removeFile(join(grave, old));
    },
  };
}

async function oldestFirst(folder: string): Promise<string[]> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  return files.sort((a, b) => a.at - b.at).map(({ name }) => name);
}

/** Who comes while it is done waits for the next time, together with all others who came meanwhile. */
function together(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () =>
    (next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        running = work();
        return running;
      }));
}
