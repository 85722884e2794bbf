import { mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { syncFolder, writeSynced } from './disk-sync.fs.js';

/** The few operations that the spool's promises rest on. Another implementation may crash between any two of them. */
export interface DurableFiles {
  /** Makes the folder, its name in its parent on disk. */
  makeFolder(path: string, parent: string): Promise<void>;
  list(folder: string): Promise<string[]>;
  read(path: string): Promise<string>;
  /** The content is on disk, not only in memory, when it resolves. */
  writeDurably(path: string, content: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Names made, changed and removed in the folder are on disk when it resolves. */
  syncFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
}

export const durableFiles: DurableFiles = {
  makeFolder: async (path, parent) => {
    await mkdir(path, { recursive: true, mode: 0o750 });
    await syncFolder(parent);
  },
  list: (folder) => readdir(folder),
  read: (path) => readFile(path, 'utf8'),
  // A call's record holds who called whom.
  writeDurably: (path, content) => writeSynced(path, content, 0o640),
  rename: (from, to) => rename(from, to),
  syncFolder,
  remove: removeFile,
};

/** Gone already is gone. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
