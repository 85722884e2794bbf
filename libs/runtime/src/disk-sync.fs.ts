import { open, type FileHandle } from 'node:fs/promises';

/**
 * Syncs wait on a disk, each in one of the four threads that Node has for all file work. At most two at once, so that a
 * call that is about to be answered never waits behind the records of those that ended.
 */
const MAX_RUNNING_SYNCS = 2;
let running = 0;
const queue: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_RUNNING_SYNCS)
    await new Promise<void>((resolve) => {
      queue.push(resolve);
    });
  else running += 1;
  try {
    return await work();
  } finally {
    const next = queue.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

/** The content is on disk when it resolves. */
export async function writeSynced(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, 'w', mode);
  try {
    await file.writeFile(content);
    await inTurn(() => file.datasync());
  } finally {
    await file.close();
  }
}

/** What was written to the file before is on disk when it resolves. */
export const syncFile = (path: string): Promise<void> =>
  inTurn(async () => {
    const file = await open(path, 'r');
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  });

/** As `syncFile`, of a file that is open. */
export const syncOpenFile = (file: FileHandle): Promise<void> => inTurn(() => file.datasync());

/** The names in the folder are on disk when it resolves. */
export const syncFolder = (path: string): Promise<void> =>
  inTurn(async () => {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  });
