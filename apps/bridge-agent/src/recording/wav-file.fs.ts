import { open, type FileHandle } from 'node:fs/promises';
import { readWav, WAV_HEAD_BYTES, type WavShape } from './wav-header.js';

/** `absent`: there is none, or nothing is in it. `growing`: FreeSWITCH writes it, or was killed a moment ago. */
export type RecordedFile =
  { state: 'absent' } | { state: 'growing' } | { state: 'finished'; bytes: number; durationMs: number | null };

/** FreeSWITCH writes several times a second: a file that has rested so long and is not finished never will be. */
const QUIET_MS = 5_000;

/** Looks at the file, and finishes its header where FreeSWITCH cannot any more. */
export async function finishedFile(path: string, now: number): Promise<RecordedFile> {
  const file = await openExisting(path);
  if (file === undefined) return { state: 'absent' };
  try {
    const { size, mtimeMs } = await file.stat();
    const quiet = now - mtimeMs >= QUIET_MS;
    const shape = readWav(await headOf(file), size);
    if (shape === undefined || shape.durationMs === 0) return unusual(shape, { size, quiet });
    if (!shape.finished) {
      if (!quiet) return { state: 'growing' };
      await repair(path, shape);
    }
    return { state: 'finished', bytes: size, durationMs: shape.durationMs };
  } finally {
    await file.close();
  }
}

/** Without a sample, or no WAV at all: what nobody understands is kept all the same. */
function unusual(shape: WavShape | undefined, { size, quiet }: { size: number; quiet: boolean }): RecordedFile {
  if (!quiet) return { state: 'growing' };
  return shape === undefined && size > 0 ? { state: 'finished', bytes: size, durationMs: null } : { state: 'absent' };
}

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function headOf(file: FileHandle): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(WAV_HEAD_BYTES), 0, WAV_HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

/**
 *  Opened anew: where FreeSWITCH runs as another user, its files may only be read, and only those of a killed one need
 *  more.
 */
async function repair(path: string, { repairs }: WavShape): Promise<void> {
  const file = await open(path, 'r+');
  try {
    for (const { offset, value } of repairs) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      await file.write(bytes, 0, 4, offset);
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}
