import { execFile } from 'node:child_process';
import { chmodSync, closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A folder on a disk that a test can fill to its last byte. */
export interface SmallDisk {
  /** `full-disk`: a tmpfs. `read-only-folders`: this process may not mount, so the folders refuse new files instead. */
  readonly kind: 'full-disk' | 'read-only-folders';
  /** From here on nothing more can be written. */
  fill(): void;
  free(): Promise<void>;
  /** Leaves the folder empty. */
  stop(): Promise<void>;
}

const run = promisify(execFile);
const BYTES = 4 * 1024 * 1024;
const FILL_MS = 20;

/** Where the process is not root the test's output says that it ran with folders that refuse new files. */
export async function smallDisk(folder: string): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${BYTES},mode=0750`, 'tmpfs', folder]);
  } catch (error) {
    console.warn(
      `small disk: not allowed to mount a tmpfs (${(error as Error).message.trim()}). The test runs with ` +
        'folders that refuse new files instead of a full disk.',
    );
    return readOnlyFolders(folder);
  }
  const ballast = join(folder, 'ballast');
  // What others delete meanwhile is taken as well.
  let filling: NodeJS.Timeout | undefined;
  const free = async (): Promise<void> => {
    clearInterval(filling);
    await rm(ballast, { force: true });
  };
  return {
    kind: 'full-disk',
    fill: () => {
      clearInterval(filling);
      fill(ballast);
      filling = setInterval(() => {
        fill(ballast);
      }, FILL_MS);
    },
    free,
    stop: async () => {
      await free();
      await run('umount', ['--lazy', folder]);
    },
  };
}

/** In one go, so that none is under way when the space is given back. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let size = 64 * 1024; size > 0;) if (written(file, size) < size) size = Math.floor(size / 2);
  } finally {
    closeSync(file);
  }
}

function written(file: number, size: number): number {
  try {
    return writeSync(file, Buffer.alloc(size));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return 0;
    throw error;
  }
}

function readOnlyFolders(folder: string): SmallDisk {
  const allow = (mode: number): void => {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), mode);
    chmodSync(folder, mode);
  };
  return {
    kind: 'read-only-folders',
    fill: () => {
      allow(0o550);
    },
    free: () => {
      allow(0o750);
      return Promise.resolve();
    },
    stop: () => {
      allow(0o750);
      return Promise.resolve();
    },
  };
}
