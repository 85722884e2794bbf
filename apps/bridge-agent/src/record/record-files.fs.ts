import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { syncFile, syncFolder } from './disk-sync.fs.js';

/** The few operations that the spool's promises rest on. Another implementation may crash between any two of them. */
export interface RecordFiles {
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

export const recordFiles: RecordFiles = {
  makeFolder: async (path, parent) => {
    await mkdir(path, { recursive: true, mode: 0o750 });
    await syncFolder(parent);
  },
  list: (folder) => readdir(folder),
  read: (path) => readFile(path, 'utf8'),
  writeDurably: async (path, content) => {
    // A call's record holds who called whom.
    await writeFile(path, content, { mode: 0o640 });
    await syncFile(path);
  },
  rename: (from, to) => rename(from, to),
  syncFolder,
  remove: (path) => rm(path, { force: true }),
};
