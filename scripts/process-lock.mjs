/** A lock of a checkout: a file that names the process that has it. Plain Node: node_modules may not be there yet. */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * False: another process has the lock. That of a run that was killed is recognised because its process no longer
 * exists.
 *
 * @param {string} lock the file
 * @param {{ pid?: number, isRunning?: (pid: number) => boolean }} self
 */
export function tookLock(lock, { pid = process.pid, isRunning = isProcess } = {}) {
  // Linked once it is written, so that nobody finds a lock without its owner.
  const own = `${lock}.${pid}`;
  writeFileSync(own, String(pid));
  try {
    while (!isLinked(own, lock)) if (!removedStale(lock, { pid, isRunning })) return false;
    return true;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Undefined: nobody, because it was given back at this moment. */
export function holderOf(lock) {
  try {
    return Number(readFileSync(lock, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Of several processes that see the same dead holder one removes its lock, under a lock of its own, and looks again
 * first. Otherwise the slower one would remove the lock that the faster one has just taken, and both would have it.
 */
function removedStale(lock, self) {
  const holder = holderOf(lock);
  if (holder === undefined) return true;
  if (self.isRunning(holder)) return false;
  const removal = `${lock}.stale`;
  if (!tookLock(removal, self)) return false;
  try {
    // Nobody else changes the lock of a dead holder now.
    const known = holderOf(lock);
    if (known !== undefined && !self.isRunning(known)) rmSync(lock, { force: true });
    return true;
  } finally {
    rmSync(removal, { force: true });
  }
}

function isLinked(file, name) {
  try {
    linkSync(file, name);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

function isProcess(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
