import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { trace } from '@opentelemetry/api';
import {
  recordingPieceRequest,
  type RecordingPieceAnswer,
  type RecordingPieceRequest,
} from '@trunkmesh/contracts/recording-piece.js';
import type { BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { CodedRefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import type { Agent } from '../bridge/agent.process.js';
import { recordingSettings } from '../config.js';
import { AGENT } from '../tokens.js';
import { readPiece } from './recording-piece.fs.js';

@Injectable()
@Catch()
class RecordingRefusals extends CodedRefusalFilter<'bridge-failed'> {
  constructor(@Inject(AGENT) { logger }: Agent) {
    super({
      logger,
      what: 'cannot read a recording',
      code: 'bridge-failed',
      message: 'The bridge cannot read the file.',
    });
  }
}

const PATTERN: BridgeRequest = 'recording';

/** Reads recordings that stay on this host, piece by piece. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(RecordingRefusals)
export class RecordingController {
  private readonly folder: string;
  /** One piece at a time: whoever listens takes no processor time from the calls. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(@Inject(AGENT) { config }: Agent) {
    this.folder = recordingSettings(config).folder;
  }

  @MessagePattern(PATTERN, { span: 'recording piece' })
  async piece(
    @Payload({ schema: recordingPieceRequest }) request: RecordingPieceRequest,
  ): Promise<RecordingPieceAnswer> {
    trace.getActiveSpan()?.setAttribute('call.id', request.call_id);
    const read = this.last.then(() => readPiece(this.folder, request));
    this.last = read.catch(() => undefined);
    const sound = await read;
    return sound === undefined ? { outcome: 'absent' } : { outcome: 'piece', sound: sound.toString('base64') };
  }
}
