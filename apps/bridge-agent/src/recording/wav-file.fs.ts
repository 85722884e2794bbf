import { open, type FileHandle } from 'node:fs/promises';
import { readWav, WAV_HEAD_BYTES, type WavShape } from './wav-header.js';

/** `absent`: missing or empty. `growing`: FreeSWITCH is writing it, or was killed a moment ago. */
export type RecordedFile =
  { state: 'absent' } | { state: 'growing' } | { state: 'finished'; bytes: number; durationMs: number | null };

/** FreeSWITCH writes several times a second: a file that has not changed for this long will never be finished. */
const QUIET_MS = 5_000;

/** Inspects the file, and completes its header if FreeSWITCH no longer can. */
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

/** Without a sample, or not a WAV file: kept anyway. */
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
 * Opened again for writing: if FreeSWITCH runs as another user, its files are readable only, and only files of a killed
 * FreeSWITCH need writing.
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
