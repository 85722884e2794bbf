import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { recordingFiles } from './call-recording.js';

/** Where a piece is: of one call's file, so many bytes from the offset. */
export interface Piece {
  call_id: string;
  offset: number;
  bytes: number;
}

/** Undefined: there is no such file. What is asked for names a call, never a path. */
export async function readPiece(folder: string, { call_id, offset, bytes }: Piece): Promise<Buffer | undefined> {
  const names = recordingFiles(call_id);
  const file = names === undefined ? undefined : await opened(join(folder, names.wav));
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function opened(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
