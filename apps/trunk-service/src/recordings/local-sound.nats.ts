import { DomainError } from '@trunkmesh/contracts/problem.js';
import { RECORDING_PIECE_BYTES, recordingPieceAnswer } from '@trunkmesh/contracts/recording-piece.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { unansweredText } from '../nats/unanswered-text.js';
import type { Sound } from './sound.js';

const DEADLINE_MS = 5_000;

interface LocalFile {
  bridge: string;
  callId: string;
  size: number;
}

/** A recording on the disk of its bridge, which sends it piece by piece. */
export const localSound = (nats: NatsLink, { bridge, callId, size }: LocalFile): Sound => ({
  size,
  pieceBytes: RECORDING_PIECE_BYTES,
  read: async (first, last) => {
    const answer = await ask(nats, {
      subject: bridgeRequest(bridge, 'recording'),
      request: { call_id: callId, offset: first, bytes: last - first + 1 },
      reply: recordingPieceAnswer,
      deadlineMs: DEADLINE_MS,
      span: { name: 'recording.piece', attributes: { 'bridge.id': bridge, 'call.id': callId } },
    }).catch((error: unknown) => {
      if (!(error instanceof Unanswered)) throw error;
      throw unavailable(unansweredText(`bridge ${bridge}`, error));
    });
    if (answer.outcome === 'piece') return Buffer.from(answer.sound, 'base64');
    if (answer.outcome === 'absent')
      throw new DomainError('recording-not-found', `The recording was deleted from the disk of bridge ${bridge}.`);
    throw unavailable(`Bridge ${bridge} did not send the recording: ${answer.message}`);
  },
});

const unavailable = (why: string) =>
  new DomainError('recording-unavailable', `${why} The recording is on its disk; try again when the bridge is online.`);
