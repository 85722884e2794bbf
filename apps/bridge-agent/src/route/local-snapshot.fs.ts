import { createReadStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SnapshotLine } from './local-copy.js';

/** 1: without evidence of addresses and listed carriers. */
const READABLE_FORMATS: readonly number[] = [1, 2];
export const SNAPSHOT_FORMAT = 2;

/**
 * What a snapshot was taken from. `created` identifies the stream, because positions of another stream mean nothing.
 */
export interface SnapshotHeader {
  format: number;
  pool: string;
  stream_created: string;
  position: number;
}

/** Lines written or read per turn of the event loop; calls are served in between. */
const LINES_PER_TURN = 1_000;

/** Whole or not at all: temporary file, sync, rename. */
export async function writeSnapshot(
  path: string,
  header: SnapshotHeader,
  lines: Iterable<SnapshotLine>,
): Promise<void> {
  // Customers' numbers and networks.
  const file = await open(`${path}.tmp`, 'w', 0o640);
  try {
    let chunk = [JSON.stringify(header)];
    for (const line of lines) {
      chunk.push(JSON.stringify(line));
      if (chunk.length < LINES_PER_TURN) continue;
      await file.writeFile(`${chunk.join('\n')}\n`);
      chunk = [];
    }
    await file.writeFile(`${[...chunk, 'end'].join('\n')}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
}

/** Undefined if there is none, or it has another format or pool, or it is truncated. */
export async function readSnapshot(
  path: string,
  pool: string,
  apply: (line: SnapshotLine) => void,
): Promise<SnapshotHeader | undefined> {
  let header: SnapshotHeader | undefined;
  let complete = false;
  try {
    for await (const text of unhurried(createInterface({ input: createReadStream(path), crlfDelay: Infinity }))) {
      if (header === undefined) header = JSON.parse(text) as SnapshotHeader;
      else if (text === 'end') complete = true;
      else apply(JSON.parse(text) as SnapshotLine);
      if (!READABLE_FORMATS.includes(header.format) || header.pool !== pool) return undefined;
    }
  } catch {
    return undefined;
  }
  return complete ? header : undefined;
}

async function* unhurried<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  let count = 0;
  for await (const item of items) {
    if (count++ % LINES_PER_TURN === 0) await nextTurn();
    yield item;
  }
}
