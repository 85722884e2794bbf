import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { CallDetail } from '@trunkmesh/contracts/call-log.js';
import type { CallRecording } from '@trunkmesh/contracts/call-parts.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Response } from 'express';
import { Access, OrganizationInQuery } from '../access/access.guard.js';
import { callRequestOf } from '../calls/call-ending.js';
import { findCall } from '../calls/call-log.nats.js';
import { recordingId } from '../calls/recording-names.js';
import { organizationOf } from '../http/caller.js';
import { Described } from '../http/open-api.http.js';
import { NATS } from '../tokens.js';
import { rangeOf, type ByteRange } from './byte-range.js';
import { localSound } from './local-sound.nats.js';
import { pendingRecording, playQuery, type PlayQuery } from './play-query.js';
import { piecesOf, type Sound } from './sound.js';
import { SoundBucket } from './stored-sound.http.js';

export const BUCKET = Symbol('BUCKET');
const RETRY_S = 5;

@Controller('api/v1/calls')
export class RecordingController {
  constructor(
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(BUCKET) private readonly bucket: SoundBucket | null,
  ) {}

  @Get(':call_id/recording/:recording_id/play')
  @Access('read')
  @OrganizationInQuery()
  @Described({
    id: 'playRecording',
    summary:
      'Play or download the recording of a call: WAV, the caller on the left, what the caller hears on the right. ' +
      'Answers Range requests; 202 while the recording is not stored yet',
    file: 'audio/wav',
    also: { 202: pendingRecording },
  })
  async play(
    @Param('call_id') sid: string,
    @Param('recording_id') recording: string,
    @Query({ schema: playQuery }) { download }: PlayQuery,
    @Res() response: Response,
  ): Promise<void> {
    const organizationId = organizationOf(response.req.caller!);
    const call = await findCall(this.nats, callRequestOf(organizationId, sid));
    if (recording !== recordingId(call.call_id)) throw notFound('This call has no such recording.');
    if (call.recording?.state === 'pending') {
      const detail = 'The recording is not stored yet. Try again in a few seconds.';
      response.status(202).set('Retry-After', String(RETRY_S)).json({ status: 'pending', detail });
      return;
    }
    const sound = this.soundOf(call, organizationId);
    const disposition = `${download === 'true' ? 'attachment' : 'inline'}; filename="${callSid(call.call_id)}.wav"`;
    await send(sound, response, disposition);
  }

  /** @throws DomainError recording-not-found, recording-unavailable */
  private soundOf({ call_id, bridge_id, recording }: CallDetail, organizationId: string): Sound {
    const { state, location, size } = storedOf(recording);
    if (state === 'local' && bridge_id !== null)
      return localSound(this.nats, { bridge: bridge_id, callId: call_id, size });
    // The call log says where it is; a key that does not name the organisation is nothing of it all the same.
    const isOwn = location.split('/').includes(organizationId) && location.endsWith(`/${callSid(call_id)}.wav`);
    const sound = isOwn ? this.bucket?.sound(location, size) : undefined;
    if (sound !== undefined) return sound;
    throw new DomainError(
      'recording-unavailable',
      'The recording is in a bucket that trunk-service cannot read. Ask the operator to set S3_BUCKET and its key ' +
        'for trunk-service as for the bridges.',
    );
  }
}

const notFound = (detail: string) => new DomainError('recording-not-found', detail);

function storedOf(recording: CallRecording | null): { state: string; location: string; size: number } {
  if (recording === null) throw notFound('This call was not recorded.');
  const { state, location, bytes, detail } = recording;
  if (state === 'failed' || !bytes) throw notFound(`The recording failed${detail === null ? '' : `: ${detail}`}.`);
  return { state, location, size: bytes };
}

/** `disposition`: the header Content-Disposition. */
async function send(sound: Sound, response: Response, disposition: string): Promise<void> {
  const request = response.req;
  const { size } = sound;
  const range = rangeOf(request.header('Range'), size);
  response.set('Accept-Ranges', 'bytes');
  if (range === 'unsatisfiable') {
    response.set('Content-Range', `bytes */${size}`);
    throw new DomainError('range-not-satisfiable', `The recording has ${size} bytes.`);
  }
  const { first, last }: ByteRange = range ?? { first: 0, last: size - 1 };
  const pieces = piecesOf(sound, first, request.method === 'HEAD' ? first : last);
  // A recording that is gone is answered as such, so the first piece is read before the headers are sent.
  const begin = await pieces.next();
  response
    .status(range === undefined ? 200 : 206)
    .set({ 'Content-Type': 'audio/wav', 'Content-Length': String(last - first + 1) })
    .set('Content-Disposition', disposition);
  if (range !== undefined) response.set('Content-Range', `bytes ${first}-${last}/${size}`);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const whole = async function* () {
    if (begin.done !== true) yield begin.value;
    yield* pieces;
  };
  // A listener who leaves, or a store that fails midway, ends the answer: its length tells that a part is missing.
  await pipeline(Readable.from(whole()), response).catch(() => response.destroy());
}
