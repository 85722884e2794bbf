import type { AudioEnd, AudioLog } from '@trunkmesh/contracts/audio.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { createArrivalWatch } from './arrival-watch.js';
import { createAttachment } from './attachment.js';
import type { AudioCall, AudioOutcome, AudioSession } from './audio-call.net.js';
import { countCall } from './audio-metrics.otel.js';
import { audioLogOf, isDtmfDigit, noCounts } from './audio-session.js';
import { decodeBase64 } from './base64.js';
import { openCallPorts, type CallPorts } from './call-ports.net.js';
import { createCallerFrames, type CallerFrames } from './caller-frames.js';
import type { FrameTimer } from './frame-clock.process.js';
import { MediaLink } from './media-link.net.js';
import { customParameters } from './media-stream.js';
import { FRAME_MS } from './frame-clock.js';
import { Playout } from './playout.js';
import type { PortPool } from './port-pool.js';

export interface SessionParts {
  pool: PortPool;
  timer: FrameTimer;
  reconnectWithinMs: number;
  ca: string | undefined;
  onFinished(): void;
}

/** For the longest message of all calls: it is decoded and copied to its queue before the next one is read. */
const decoded = Buffer.alloc(786_432);

/** One call's audio between FreeSWITCH and its assistant. */
export class CallSession implements AudioSession {
  readonly connected: Promise<AudioOutcome>;
  private readonly logger: Logger;
  private readonly startedAt = performance.now();
  private readonly counts = noCounts();
  private readonly arrivals = createArrivalWatch();
  private readonly attachment = createAttachment();
  private readonly untilAttached = new Set<() => void>();
  private readonly player: Playout;
  private readonly caller: CallerFrames;
  private readonly link: MediaLink;
  private ports: CallPorts | undefined;
  private over: { reason: AudioEnd; detail: string } | undefined;
  /** Where the stream's own time begins in the call's; undefined until its first frame. */
  private streamBegin: number | undefined;
  private toldOfRefusal = false;

  constructor(
    private readonly parts: SessionParts,
    private readonly call: AudioCall,
  ) {
    this.logger = call.logger.child({ call_sid: call.callSid });
    this.player = new Playout(this.counts, () => this.elapsed(), {
      onMark: (name) => this.link.sendMark(name),
      onPacket: (packet) => this.ports?.send(packet),
    });
    this.caller = createCallerFrames((frame) => this.fromCaller(frame));
    this.link = this.openLink();
    this.connected = this.connect();
  }

  callerAudio(withinMs: number): Promise<boolean> {
    return this.attachment.attached ? Promise.resolve(true) : within(this.untilAttached, withinMs);
  }

  packetsOf(milliseconds: number): void {
    this.player.packets.fit(milliseconds);
  }

  quietMs(): number {
    return this.attachment.quietMs(performance.now());
  }

  doubt(): void {
    this.attachment.doubt(performance.now());
  }

  lookAgain(): void {
    this.attachment.look();
  }

  detach(): void {
    this.attachment.detach();
    this.parts.timer.remove(this.player);
  }

  watch(now: number): void {
    if (!this.over && this.attachment.silent(now)) this.call.onSilent?.();
  }

  sendDtmf(digit: string): boolean {
    if (!isDtmfDigit(digit)) return false;
    this.counts.digits += 1;
    this.link.sendDtmf(digit);
    return true;
  }

  log(): AudioLog {
    return audioLogOf({
      session: this.counts,
      queue: this.player.queue.counts,
      link: this.link.counts,
      arrivals: this.arrivals,
      attachment: this.attachment.counts,
      strangers: this.ports?.strangers ?? 0,
      ended: this.over?.reason,
    });
  }

  stop(): AudioLog {
    this.finish('call-ended', 'the call ended');
    return this.log();
  }

  private elapsed(): number {
    return performance.now() - this.startedAt;
  }

  private openLink(): MediaLink {
    const { call, parts, logger } = this;
    const { mediaUrl, signingSecret, accountSid, callSid, connectWithinMs = 6_000 } = call;
    return new MediaLink(
      {
        ...{ mediaUrl, signingSecret, accountSid, callSid, connectWithinMs },
        parameters: customParameters(call.parameters),
        reconnectWithinMs: parts.reconnectWithinMs,
        allowPrivate: call.allowPrivateAddress ?? false,
        ca: parts.ca,
        logger,
      },
      {
        media: (payload) => this.fromAssistant(payload),
        mark: (name) => {
          this.counts.marks += 1;
          this.player.queue.mark(name);
        },
        clear: () => this.player.queue.clear(),
        digits: (digits) => call.onDigits?.(digits),
        onStart: () => {
          call.onStream?.('connected');
          this.streamBegin = undefined;
          this.caller.reset();
        },
        onDrop: () => {
          this.player.queue.reset();
          call.onStream?.('dropped');
        },
        onEnd: (reason, detail) => {
          if (this.finish(reason, detail) && this.counts.connectedAfter !== null) call.onEnd?.(reason, detail);
        },
      },
    );
  }

  private async connect(): Promise<AudioOutcome> {
    const [stream] = await Promise.all([this.link.connected, this.openPorts()]);
    if (stream.outcome === 'failed') this.finish(stream.reason, stream.detail);
    if (this.over || !this.ports)
      return { outcome: 'failed', ...(this.over ?? { reason: 'no-audio-ports', detail: '' }) };
    this.counts.connectedAfter = this.elapsed();
    return { outcome: 'connected', unicast: this.ports.headers };
  }

  private async openPorts(): Promise<void> {
    const opened = await openCallPorts(this.parts.pool, (datagram) => this.datagram(datagram));
    if (typeof opened === 'string') this.finish('no-audio-ports', opened);
    else if (this.over) opened.close();
    else this.ports = opened;
  }

  private datagram(datagram: Buffer): void {
    const now = performance.now();
    const quietMs = this.attachment.quietMs(now);
    if (this.attachment.arrived(now)) {
      // Not earlier: FreeSWITCH would not be listening yet, and the assistant's first words would be lost.
      for (const tell of this.untilAttached) tell();
      this.player.queue.missed(Math.floor(quietMs / FRAME_MS));
      this.player.begin();
      this.parts.timer.add(this.player);
    }
    if (!this.caller.push(datagram)) this.counts.badDatagrams += 1;
  }

  private fromCaller(frame: Buffer): void {
    const { counts } = this;
    counts.framesIn += 1;
    const at = this.arrivals.arrived(performance.now());
    this.streamBegin ??= at;
    if (!this.link.sendFrame(frame, at - this.streamBegin)) {
      counts.framesDropped += 1;
      return;
    }
    counts.framesToAssistant += 1;
    counts.firstToAssistant ??= this.elapsed();
  }

  private fromAssistant(payload: string): void {
    const bytes = decodeBase64(payload, decoded);
    if (bytes < 0) {
      this.counts.badPayloads += 1;
      return;
    }
    const refused = this.player.add(decoded, bytes);
    if (refused === 0 || this.toldOfRefusal) return;
    this.toldOfRefusal = true;
    this.logger.warn(
      { refused_ms: refused / 8 },
      'the assistant sent more than a minute of speech ahead: dropped the oldest',
    );
  }

  /** False: it had ended before. */
  private finish(reason: AudioEnd, detail: string): boolean {
    if (this.over) return false;
    this.over = { reason, detail };
    this.parts.timer.remove(this.player);
    this.link.stop();
    this.ports?.close();
    const final = this.log();
    countCall(final);
    this.logger.info({ reason, detail, audio: final }, 'audio ended');
    this.parts.onFinished();
    return true;
  }
}

/** False if it did not happen within that time. */
function within(waiting: Set<() => void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (happened: boolean): void => {
      clearTimeout(timer);
      waiting.delete(tell);
      resolve(happened);
    };
    const tell = (): void => settle(true);
    const timer = setTimeout(() => settle(false), ms);
    waiting.add(tell);
  });
}
