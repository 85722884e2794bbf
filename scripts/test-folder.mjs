/**
 * The folder of one test run, for everything that its tests and their servers write. On a disk the servers keep the
 * tests waiting for it, so that it is in memory where there is enough of that.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** Bytes; a run of everything takes a fraction of them. */
const ROOM = 4 * 1024 ** 3;

/** Every user may enter it, because PostgreSQL does not run as root. With TMPDIR it is there. */
export function makeTestFolder() {
  const inMemory = process.env.TMPDIR === undefined && hasRoom() ? make(MEMORY) : undefined;
  if (inMemory !== undefined && runsPrograms(inMemory)) return inMemory;
  if (inMemory !== undefined) removeTestFolder(inMemory);
  return make(tmpdir());
}

/** What cannot be removed is reported; the result of the tests stays what it is. */
export function removeTestFolder(folder) {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    console.error(`${folder} could not be removed: ${error.message}`);
  }
}

function make(parent) {
  const folder = mkdtempSync(join(parent, 'trunkmesh-test-'));
  chmodSync(folder, 0o755);
  return folder;
}

function hasRoom() {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM && process.availableMemory() >= 2 * ROOM;
  } catch {
    return false;
  }
}

/** Docker mounts its own with `noexec`; some tests write programs. */
function runsPrograms(folder) {
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  try {
    execFileSync(program);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(program);
  }
}
