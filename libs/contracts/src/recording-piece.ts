import { z } from 'zod';
import { uuid } from './scalar.js';

/**
 * A piece of a recording that is on the disk of its bridge (`trunkmesh.rpc.bridge.<bridge>.recording`). The asker has
 * looked up whose call it is; the bridge finds the file by the call alone.
 */

/** Small enough for a message of NATS, and for the agent to send between two audio frames. */
export const RECORDING_PIECE_BYTES = 128 * 1024;

export const recordingPieceRequest = z.object({
  call_id: uuid.describe('The call, by its id.'),
  offset: z.number().int().nonnegative().describe('Where the piece begins, bytes from the beginning of the file.'),
  bytes: z.number().int().min(1).max(RECORDING_PIECE_BYTES).describe('The length of the piece.'),
});
export type RecordingPieceRequest = z.infer<typeof recordingPieceRequest>;

export const recordingPieceAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('piece').describe('What became of the request.'),
    sound: z.base64().describe('The bytes, in base64; fewer than asked for only at the end of the file.'),
  }),
  z.object({ outcome: z.literal('absent').describe('The bridge has no such file.') }),
  z.object({
    outcome: z.literal('refused').describe('What became of the request.'),
    code: z.enum(['invalid-request', 'bridge-failed']).describe('The reason as a constant, for programs.'),
    message: z.string().describe('What happened and what to do, in a sentence.'),
  }),
]);
export type RecordingPieceAnswer = z.infer<typeof recordingPieceAnswer>;
