import type { AudioEnd, AudioLog } from '@trunkmesh/contracts/audio.js';
import type { PlayoutCounts } from './playout-queue.js';

/**
 * What one call's session counts itself; the rest of the log is counted where it happens. Times are milliseconds since
 * the session began.
 */
export interface SessionCounts {
  framesIn: number;
  framesToAssistant: number;
  framesDropped: number;
  framesOutLate: number;
  framesOutLost: number;
  marks: number;
  badPayloads: number;
  badDatagrams: number;
  digits: number;
  connectedAfter: number | null;
  firstToAssistant: number | null;
  firstToCaller: number | null;
}

export const noCounts = (): SessionCounts => ({
  framesIn: 0,
  framesToAssistant: 0,
  framesDropped: 0,
  framesOutLate: 0,
  framesOutLost: 0,
  marks: 0,
  badPayloads: 0,
  badDatagrams: 0,
  digits: 0,
  connectedAfter: null,
  firstToAssistant: null,
  firstToCaller: null,
});

export interface LogSources {
  session: Readonly<SessionCounts>;
  queue: Readonly<PlayoutCounts>;
  link: Readonly<{ attempts: number; reconnects: number; malformed: number; ignored: number }>;
  arrivals: Readonly<{ late: number; lost: number }>;
  attachment: Readonly<{ reattached: number; silencedMs: number }>;
  strangers: number;
  ended: AudioEnd | undefined;
}

const BYTES_PER_MS = 8;
/** To the microsecond: what is finer is noise. */
const rounded = (milliseconds: number | null): number | null =>
  milliseconds === null ? null : Math.round(milliseconds * 1_000) / 1_000;

export function audioLogOf({ session, queue, link, arrivals, attachment, strangers, ended }: LogSources): AudioLog {
  return {
    call_format: 'L16/8000',
    stream_format: 'audio/x-mulaw;rate=8000',
    frames_in: session.framesIn,
    frames_to_assistant: session.framesToAssistant,
    frames_dropped: session.framesDropped,
    frames_in_late: arrivals.late,
    frames_in_lost: arrivals.lost,
    speech_frames_out: queue.speechFrames,
    silent_frames_out: queue.silentFrames,
    frames_out_late: session.framesOutLate,
    frames_out_lost: session.framesOutLost,
    underruns: queue.underruns,
    silent_frames_caught_up: queue.caughtUpFrames,
    queue_deepest_ms: queue.deepestBytes / BYTES_PER_MS,
    refused_ms: queue.refusedBytes / BYTES_PER_MS,
    cleared_ms: queue.clearedBytes / BYTES_PER_MS,
    marks: session.marks,
    marks_refused: queue.refusedMarks,
    messages_malformed: link.malformed + session.badPayloads,
    messages_ignored: link.ignored,
    datagrams_refused: session.badDatagrams + strangers,
    dtmf_digits: session.digits,
    reattached: attachment.reattached,
    silenced_ms: Math.round(attachment.silencedMs),
    connect_attempts: link.attempts,
    reconnects: link.reconnects,
    connected_after_ms: rounded(session.connectedAfter),
    first_audio_to_assistant_ms: rounded(session.firstToAssistant),
    first_audio_to_caller_ms: rounded(session.firstToCaller),
    ended: ended ?? null,
  };
}

/** RFC 4733 §3.2, events 0 to 15. */
export const isDtmfDigit = (digit: string): boolean => /^[\d*#A-D]$/.test(digit);
