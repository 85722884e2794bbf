import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFile, syncFolder } from '@trunkmesh/runtime/disk-sync.fs.js';
import { removeFile } from '@trunkmesh/runtime/durable-files.fs.js';
import { callOfFile, statusFileName } from './status-file.js';

/** One file per call that has undelivered statuses. */
export interface CallFiles {
  list(): Promise<string[]>;
  /** Undefined if there is none. */
  read(callId: string): Promise<string | undefined>;
  /** Writes at this offset and truncates a partial line behind it. The kernel has the data when it resolves. */
  write(callId: string, text: string, at: { bytes: number; cut: boolean }): Promise<void>;
  /** The contents and the file's name are on disk when it resolves. */
  sync(callId: string): Promise<void>;
  remove(callId: string): Promise<void>;
  /** Moves the file to `given-up/`, from which the oldest are deleted. */
  giveUp(callId: string): Promise<void>;
}

/** How many given-up files are kept for troubleshooting. */
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
      // Only the agent may read who called whom.
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

/** Callers that arrive during a sync share the next one. */
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
