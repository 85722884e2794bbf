import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFile, syncOpenFile } from '@trunkmesh/runtime/disk-sync.fs.js';

const EXISTING = constants.O_WRONLY | constants.O_APPEND;
const NEW = EXISTING | constants.O_CREAT | constants.O_TRUNC;

export const openCallPath = (folder: string, callId: string): string => join(folder, `${callId}.jsonl`);

/**
 * The files of calls in progress, each open from its first write on: to open and close it for every line costs twice
 * as much as the line. Writes to one file must not overlap.
 */
export class OpenFiles {
  private readonly handles = new Map<string, FileHandle>();

  constructor(private readonly folder: string) {}

  path(callId: string): string {
    return openCallPath(this.folder, callId);
  }

  /** Makes the call's file, or empties it. */
  async create(callId: string, text: string): Promise<void> {
    await this.close(callId);
    const file = await this.opened(callId, NEW);
    await file.writeFile(text);
  }

  /** Rejects where there is no file. */
  async append(callId: string, text: string): Promise<void> {
    const file = this.handles.get(callId) ?? (await this.opened(callId, EXISTING));
    await file.writeFile(text);
  }

  /** What was written before is on disk when it resolves. A file that is gone, or is removed meanwhile, needs none. */
  async sync(callId: string): Promise<void> {
    const file = this.handles.get(callId);
    await (file === undefined ? syncFile(this.path(callId)) : syncOpenFile(file)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' && error.code !== 'EBADF') throw error;
      },
    );
  }

  /** The next write opens it again. */
  async close(callId: string): Promise<void> {
    const file = this.handles.get(callId);
    this.handles.delete(callId);
    await file?.close();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.handles.keys()].map((callId) => this.close(callId)));
  }

  private async opened(callId: string, flags: number): Promise<FileHandle> {
    const file = await open(this.path(callId), flags, 0o640);
    this.handles.set(callId, file);
    return file;
  }
}
