import { z } from 'zod';
import type { ReasonClass } from './reason.js';

/** Why a call's audio could not begin, or ended, and whose matter that is. */
export const AUDIO_ENDS = {
  'call-ended': { class: 'success', text: 'the call ended' },
  'assistant-hung-up': { class: 'success', text: 'the assistant closed the stream' },
  'media-url-invalid': {
    class: 'client_error',
    text: 'the media URL is not one of ws or wss, or its signing secret cannot be read',
  },
  'media-address-not-allowed': { class: 'client_error', text: 'the media URL points into a private network' },
  'media-stream-refused': { class: 'upstream_error', text: 'the assistant refused the stream' },
  'media-stream-unreachable': { class: 'upstream_error', text: 'the assistant could not be reached in time' },
  'media-stream-lost': {
    class: 'upstream_error',
    text: 'the stream dropped and could not be connected again in time',
  },
  'media-stream-unstable': { class: 'upstream_error', text: 'the stream dropped again and again' },
  'no-audio-ports': { class: 'server_error', text: 'no pair of UDP ports is free' },
} as const satisfies Record<string, { class: ReasonClass; text: string }>;
export type AudioEnd = keyof typeof AUDIO_ENDS;
export const audioEnd = z.enum(Object.keys(AUDIO_ENDS) as [AudioEnd, ...AudioEnd[]]);

const count = z.number().int().nonnegative();
const milliseconds = z.number().nonnegative();

/**
 *  What became of a call's audio between FreeSWITCH and the assistant. A frame is 20 ms; times are milliseconds,
 *  `first_…` from the moment that the audio was started.
 */
export const audioLog = z.object({
  /** Towards FreeSWITCH, and towards the assistant. */
  call_format: z.literal('L16/8000'),
  stream_format: z.literal('audio/x-mulaw;rate=8000'),
  /** From the caller, and handed to the assistant. */
  frames_in: count,
  frames_to_assistant: count,
  /** Not handed over: the stream was away, or the assistant read too slowly. */
  frames_dropped: count,
  /** A pause of more than 50 ms before the frame, and frames that never came. */
  frames_in_late: count,
  frames_in_lost: count,
  /** To the caller: speech, and silence where there was none. */
  speech_frames_out: count,
  silent_frames_out: count,
  /** Played after their time, and left out because that was too long ago. */
  frames_out_late: count,
  frames_out_lost: count,
  /** Gaps within a speech, because its audio came too late. */
  underruns: count,
  /** The assistant's own silence left out to make good such gaps. */
  silent_frames_caught_up: count,
  queue_deepest_ms: milliseconds,
  /** Speech that the caller never heard: the oldest of a queue longer than 60 s, and what a clear took back. */
  refused_ms: milliseconds,
  cleared_ms: milliseconds,
  marks: count,
  marks_refused: count,
  messages_malformed: count,
  messages_ignored: count,
  /** Datagrams from elsewhere than FreeSWITCH's port, or of an impossible size. */
  datagrams_refused: count,
  dtmf_digits: count,
  /** Times that FreeSWITCH's audio was attached again, and how long both sides heard nothing; absent in older logs. */
  reattached: count.optional(),
  silenced_ms: milliseconds.optional(),
  connect_attempts: count,
  reconnects: count,
  /**
   *  The stream stood; the caller's first frame went to the assistant; the assistant's first audio went to the caller.
   */
  connected_after_ms: milliseconds.nullable(),
  first_audio_to_assistant_ms: milliseconds.nullable(),
  first_audio_to_caller_ms: milliseconds.nullable(),
  ended: audioEnd.nullable(),
});
export type AudioLog = z.infer<typeof audioLog>;
