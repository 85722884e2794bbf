import type { CallParties } from '@trunkmesh/contracts/call-parties.js';
import type { CallRecording } from '@trunkmesh/contracts/call-parts.js';
import { execute, type EslCommand } from '../esl/esl-command.js';
import { sid } from '../audio/media-stream.js';

/**
 * Where one call's recording is while it grows, and where it goes. Pure: the same parties give the same names, so that
 * the place is known before the call is answered.
 */

const CALL_ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
/**
 * What is in a folder's name reaches FreeSWITCH in a command: a blank, a comma, a brace or a dollar would make another
 * command of it.
 */
const FOLDER = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)+$/;

export function recordingFolder(folder: string): string {
  if (!FOLDER.test(folder))
    throw new TypeError('the folder of the recordings must be an absolute path of letters, digits and . _ - + @');
  return folder;
}

export interface RecordingFiles {
  wav: string;
  sidecar: string;
}

/**
 * Names in the folder. Undefined: the id is none that FreeSWITCH gives, and is not made part of a command or a path.
 */
export function recordingFiles(callId: string): RecordingFiles | undefined {
  return CALL_ID.test(callId) ? { wav: `${callId}.wav`, sidecar: `${callId}.json` } : undefined;
}

/** The call of a sidecar; undefined for every other name. */
export function callOfSidecar(name: string): string | undefined {
  const [callId, extension, ...more] = name.split('.');
  return extension === 'json' && more.length === 0 && CALL_ID.test(callId!) ? callId : undefined;
}

/** `<prefix><organization_id>/<yyyy>/<mm>/<dd>/<call_sid>.wav`, by the day on which the call began (UTC). */
export function objectKey(
  prefix: string,
  { organization_id, call_id, started_at }: Pick<CallParties, 'organization_id' | 'call_id' | 'started_at'>,
): string {
  const day = started_at.slice(0, 10).replaceAll('-', '/');
  return `${prefix}${organization_id ?? 'unknown'}/${day}/${sid('CA', call_id)}.wav`;
}

export const s3Location = (bucket: string, key: string): string => `s3://${bucket}/${key}`;

/**
 * The caller on the left, what the assistant says on the right. FreeSWITCH throws away what is shorter than
 * RECORD_MIN_SEC, and buffers two seconds, which would be lost with its process.
 */
const VARIABLES = 'RECORD_STEREO=true RECORD_MIN_SEC=0 record_sample_rate=8000 enable_file_write_buffering=false';

/** To be sent once the call is answered; FreeSWITCH finishes the file by itself, before it reports the call's end. */
export const recordCommands = (path: string): EslCommand[] => [
  execute('multiset', VARIABLES),
  execute('record_session', path),
];

export const pending = (location: string): CallRecording => ({
  state: 'pending',
  location,
  bytes: null,
  duration_ms: null,
  detail: null,
});
