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
 * What became of a call's audio between FreeSWITCH and the assistant. A frame is 20 ms; times are milliseconds,
 * `first_…` from the moment that the audio was started.
 */
export const audioLog = z
  .object({
    call_format: z.literal('L16/8000').describe('The format of the audio between FreeSWITCH and the agent.'),
    stream_format: z.literal('audio/x-mulaw;rate=8000').describe('The format of the audio towards the assistant.'),
    frames_in: count.describe('Frames of 20 ms that came from the caller.'),
    frames_to_assistant: count.describe('Frames of 20 ms handed to the assistant.'),
    frames_dropped: count.describe(
      'Frames not handed to the assistant: the stream was not connected, or the assistant read too slowly.',
    ),
    frames_in_late: count.describe('Frames of the caller that came after a pause of more than 50 ms.'),
    frames_in_lost: count.describe('Frames of the caller that never came.'),
    speech_frames_out: count.describe('Frames of speech played to the caller.'),
    silent_frames_out: count.describe('Frames of silence played to the caller where there was no speech.'),
    frames_out_late: count.describe('Frames played to the caller after their time.'),
    frames_out_lost: count.describe('Frames left out because they came too late to be played.'),
    underruns: count.describe('Gaps within speech because its audio came too late.'),
    silent_frames_caught_up: count.describe(
      "Frames of the assistant's own silence that were left out to make good such gaps.",
    ),
    queue_deepest_ms: milliseconds.describe('The longest queue of speech for the caller, milliseconds.'),
    refused_ms: milliseconds.describe(
      'Speech that the caller never heard because the queue was longer than 60 s, milliseconds.',
    ),
    cleared_ms: milliseconds.describe("Queued speech that the assistant's clear took back, milliseconds."),
    marks: count.describe('Marks that the assistant sent.'),
    marks_refused: count.describe('Marks that were refused because too many were open.'),
    messages_malformed: count.describe('Messages of the assistant that could not be read.'),
    messages_ignored: count.describe('Messages of the assistant that were not acted on.'),
    datagrams_refused: count.describe("Datagrams from elsewhere than FreeSWITCH's port, or of an impossible size."),
    dtmf_digits: count.describe('Digits that the caller pressed.'),
    reattached: count.optional().describe("How often FreeSWITCH's audio was attached again. Absent in older logs."),
    silenced_ms: milliseconds
      .optional()
      .describe('How long both sides heard nothing until the audio was attached again, milliseconds.'),
    connect_attempts: count.describe('How often connecting the stream was tried.'),
    reconnects: count.describe('How often the stream was connected again.'),
    connected_after_ms: milliseconds
      .nullable()
      .describe('From the start of the audio until the stream was connected, milliseconds; null: it never was.'),
    first_audio_to_assistant_ms: milliseconds
      .nullable()
      .describe("Milliseconds from the start of the audio until the caller's first frame was sent on; null: none did."),
    first_audio_to_caller_ms: milliseconds
      .nullable()
      .describe(
        "Milliseconds from the start of the audio until the assistant's first audio was played; null: none was.",
      ),
    ended: audioEnd.nullable().describe('Why the audio ended; null while it goes on.'),
  })
  .meta({ id: 'AudioLog' });
export type AudioLog = z.infer<typeof audioLog>;
