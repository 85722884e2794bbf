import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

export interface MonthFile {
  bytes: number;
  sha256: string;
}

/** Calls contain phone numbers. */
const MODE = 0o600;
const NEWLINE = 10;

/**
 * Writes `content` compressed to `folder/name`: under a temporary name, read back and compared, then renamed. Beside it
 * a file for `sha256sum -c`. What an earlier attempt left is replaced. `onLines` is told of lines that have passed.
 */
export async function writeMonthFile(
  { folder, name }: { folder: string; name: string },
  content: Readable,
  { signal, onLines }: { signal: AbortSignal; onLines: (lines: number) => void },
): Promise<MonthFile> {
  const path = join(folder, name);
  const temporary = `${path}.tmp`;
  try {
    const plain = createHash('sha256');
    const packed = createHash('sha256');
    const steps = [content, through(plain, onLines), createGzip(), through(packed)] as const;
    await pipeline(...steps, createWriteStream(temporary, { mode: MODE }), { signal });
    await compare(temporary, plain.digest('hex'), signal);
    const sha256 = packed.digest('hex');
    await sync(temporary);
    await rename(temporary, path);
    await writeFile(`${path}.sha256`, `${sha256}  ${name}\n`, { mode: MODE });
    await sync(`${path}.sha256`);
    await sync(folder);
    return { sha256, bytes: (await stat(path)).size };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function through(hash: Hash, onLines?: (lines: number) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      if (onLines !== undefined) onLines(linesOf(chunk));
      done(null, chunk);
    },
  });
}

function linesOf(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}

/** What a disk has not kept as it was written must not be the only copy. */
async function compare(path: string, expected: string, signal: AbortSignal): Promise<void> {
  const read = createHash('sha256');
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      read.update(chunk);
      done();
    },
  });
  await pipeline(createReadStream(path), createGunzip(), sink, { signal });
  if (read.digest('hex') !== expected)
    throw new Error(`${path} does not contain what was written to it; nothing was dropped. Check the disk.`);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
