import { chmod, mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { callRecordingStored, type CallRecordingStored } from '@trunkmesh/contracts/call.js';
import { callParties, type CallParties } from '@trunkmesh/contracts/call-parties.js';
import { z } from 'zod';
import { syncFolder, writeSynced } from '@trunkmesh/runtime/disk-sync.fs.js';
import { callOfSidecar, recordingFiles } from './call-recording.js';

/**
 * The file beside a recording until it is stored: whose recording it is and, once known, the event with its outcome.
 */
export const sidecar = z.object({ parties: callParties, event: callRecordingStored.nullable() });
export type Sidecar = z.infer<typeof sidecar>;

export interface Sidecars {
  /** The kernel has the data when it resolves: it survives this process, and no call waits for the disk. */
  begin(parties: CallParties): Promise<void>;
  /** On disk when it resolves. */
  decided(event: CallRecordingStored): Promise<void>;
  /** Undefined if there is none. Rejects where it cannot be understood. */
  read(callId: string): Promise<Sidecar | undefined>;
  list(): Promise<string[]>;
  /**
   * The recording and its sidecar, in this order: a sidecar without a recording has its outcome; a recording without a
   * sidecar would never be removed.
   */
  remove(callId: string, what: { wav: boolean }): Promise<void>;
}

export async function openSidecars(folder: string): Promise<Sidecars> {
  // FreeSWITCH and the agent share it through their group; others must not read who called whom.
  const made = await mkdir(folder, { recursive: true, mode: 0o770 });
  // The usual umask removes the group's write permission.
  if (made !== undefined) await chmod(folder, 0o770);
  const pathOf = (callId: string, kind: 'wav' | 'sidecar'): string => join(folder, recordingFiles(callId)![kind]);
  const temporary = (callId: string) => join(folder, `.${callId}.tmp`);
  const text = (content: Sidecar) => JSON.stringify(content);
  return {
    begin: async (parties) => {
      await writeFile(temporary(parties.call_id), text({ parties, event: null }), { mode: 0o640 });
      await rename(temporary(parties.call_id), pathOf(parties.call_id, 'sidecar'));
    },
    decided: async (event) => {
      const { recording: _recording, ...parties } = event.data;
      const callId = parties.call_id;
      await writeSynced(temporary(callId), text({ parties, event }), 0o640);
      await rename(temporary(callId), pathOf(callId, 'sidecar'));
      await syncFolder(folder);
    },
    read: async (callId) => {
      const content = await readFile(pathOf(callId, 'sidecar'), 'utf8').catch(absent);
      return content === undefined ? undefined : parse(content);
    },
    list: async () => (await readdir(folder)).map(callOfSidecar).filter((callId) => callId !== undefined),
    remove: async (callId, { wav }) => {
      if (wav) await unlink(pathOf(callId, 'wav')).catch(absent);
      await unlink(pathOf(callId, 'sidecar')).catch(absent);
    },
  };
}

/** The parser's error would show the contents: who called. */
function parse(content: string): Sidecar {
  try {
    return sidecar.parse(JSON.parse(content));
  } catch {
    throw new Error("cannot parse a recording's sidecar");
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return undefined;
}
