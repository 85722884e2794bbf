import type { AudioEnd, AudioLog } from '@trunkmesh/contracts/audio.js';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import { createArrivalWatch } from './arrival-watch.js';
import { countCall } from './audio-metrics.otel.js';
import { audioLogOf, isDtmfDigit, noCounts } from './audio-session.js';
import { decodeBase64 } from './base64.js';
import { createCallPackets } from './call-packets.js';
import { openCallPorts, type CallPorts } from './call-ports.udp.js';
import { createCallerFrames } from './caller-frames.js';
import type { FramePlayer, FrameTimer } from './frame-clock.timer.js';
import { openMediaLink, type MediaLink } from './media-link.ws.js';
import { customParameters, type StreamParameters } from './media-stream.js';
import { createPlayoutQueue, FRAME_BYTES, FRAME_L16_BYTES } from './playout-queue.js';
import type { PortPool } from './port-pool.js';
import type { UnicastHeaders } from './unicast.udp.js';

export interface AudioCall {
  /** As the assistant knows the call and its organisation: `sid('CA', call_id)`, `sid('AC', organization_id)`. */
  callSid: string;
  accountSid: string;
  /** `ws` or `wss`. It may hold a secret in its path or query: nothing of it is logged. */
  mediaUrl: string;
  signingSecret?: string;
  parameters: StreamParameters;
  /** For the first connection, all attempts together: the call's `answer_deadline`. Default 6 s. */
  connectWithinMs?: number;
  /** True: the URL may lead into a private network, because the operator wrote it and not a customer. Default false. */
  allowPrivateAddress?: boolean;
  logger: Logger;
  /** The stream stands (again), or dropped and is being connected again. */
  onStream?(what: 'connected' | 'dropped'): void;
  /** The assistant wants the caller to hear these. */
  onDigits?(digits: string): void;
  /** The audio ended of its own, after it had been connected: end the call. Not called after `stop`. */
  onEnd?(reason: AudioEnd, detail: string): void;
}

export type AudioOutcome =
  /**
   * `unicast`: the headers of the sendmsg `unicast` that attaches the call. Send it only when the channel's CHANNEL_ANSWER has been seen:
   * on a channel without a codec FreeSWITCH 1.11 reads through a null pointer and dies with all its calls. Behind an `answer` whose outcome is not known
   * yet that happens to whoever offers no codec of ours.
   */
  | { outcome: 'connected'; unicast: UnicastHeaders }
  | { outcome: 'failed'; reason: AudioEnd; detail: string };

export interface AudioSession {
  /** The assistant has been told `start` and the ports are open: answer now. Rejects never. */
  readonly connected: Promise<AudioOutcome>;
  /** Whether FreeSWITCH's first frame comes within that time. FreeSWITCH does not say whether `unicast` worked: this does. */
  callerAudio(withinMs: number): Promise<boolean>;
  /** A digit of FreeSWITCH's DTMF event. False: it is none. */
  sendDtmf(digit: string): boolean;
  log(): AudioLog;
  /** The call ended. Once; gives the final log. */
  stop(): AudioLog;
}

export interface SessionParts {
  pool: PortPool;
  timer: FrameTimer;
  reconnectWithinMs: number;
  ca: string | undefined;
  onFinished(): void;
}

/** For the longest message of all calls: it is decoded and copied to its queue before the next one is read. */
const decoded = Buffer.alloc(786_432);

export function startSession(parts: SessionParts, call: AudioCall): AudioSession {
  const { timer, pool } = parts;
  const logger = call.logger.child({ call_sid: call.callSid });
  const startedAt = performance.now();
  const elapsed = (): number => performance.now() - startedAt;
  const counts = noCounts();
  const arrivals = createArrivalWatch();
  /** Where the stream's own time begins in the call's; undefined until its first frame. */
  let streamBegin: number | undefined;
  let ports: CallPorts | undefined;
  let ended: { reason: AudioEnd; detail: string } | undefined;
  let toldOfRefusal = false;
  let firstDatagram: () => void = () => {};
  const heardFromCaller = new Promise<void>((resolve) => { firstDatagram = resolve; });

  const queue = createPlayoutQueue({ onMark: (name) => link.sendMark(name) });
  const l16 = Buffer.alloc(FRAME_L16_BYTES);
  const packets = createCallPackets((packet) => ports?.send(packet));
  const playOne = (): void => {
    if (queue.take(l16) > 0) counts.firstToCaller ??= elapsed();
    packets.push(l16);
  };
  /** The clock's frame has not been played: the assistant's is waited for. */
  let owed = false;
  const settle = (): void => {
    if (!owed) return;
    owed = false;
    playOne();
  };
  const player: FramePlayer = {
    settle,
    play(frames, late, skipped) {
      settle();
      counts.framesOutLate += late;
      if (skipped > 0) {
        counts.framesOutLost += skipped;
        queue.missed(skipped);
      }
      owed = frames === 1 && queue.runsShort;
      if (owed) return true;
      playOne();
      for (let frame = 1; frame < frames; frame += 1) {
        // What was late with us is late from the assistant too and not read yet: silence now would only put it off.
        if (queue.queuedBytes === 0) {
          queue.missed(frames - frame);
          break;
        }
        playOne();
      }
      return false;
    },
  };

  const caller = createCallerFrames((frame) => {
    counts.framesIn += 1;
    const at = arrivals.arrived(performance.now());
    streamBegin ??= at;
    if (!link.sendFrame(frame, at - streamBegin)) {
      counts.framesDropped += 1;
      return;
    }
    counts.framesToAssistant += 1;
    counts.firstToAssistant ??= elapsed();
  });
  let attached = false;
  const onDatagram = (datagram: Buffer): void => {
    if (!attached) {
      // Not before: FreeSWITCH would not be there to hear it, and the assistant's first words would be lost.
      attached = true;
      packets.fit(datagram.length);
      firstDatagram();
      timer.add(player);
    }
    if (!caller.push(datagram)) counts.badDatagrams += 1;
  };

  const onMedia = (payload: string): void => {
    const bytes = decodeBase64(payload, decoded);
    if (bytes < 0) {
      counts.badPayloads += 1;
      return;
    }
    const refused = queue.add(decoded, bytes);
    if (owed && queue.queuedBytes >= FRAME_BYTES) settle();
    if (refused === 0 || toldOfRefusal) return;
    toldOfRefusal = true;
    logger.warn({ refused_ms: refused / 8 }, 'the assistant sent more than a minute of speech ahead: its oldest is left out');
  };

  const link: MediaLink = openMediaLink({
    mediaUrl: call.mediaUrl,
    signingSecret: call.signingSecret,
    accountSid: call.accountSid,
    callSid: call.callSid,
    parameters: customParameters(call.parameters),
    connectWithinMs: call.connectWithinMs ?? 6_000,
    reconnectWithinMs: parts.reconnectWithinMs,
    allowPrivate: call.allowPrivateAddress ?? false,
    ca: parts.ca,
    logger,
  }, {
    media: onMedia,
    mark(name) {
      counts.marks += 1;
      queue.mark(name);
    },
    clear: () => queue.clear(),
    digits: (digits) => call.onDigits?.(digits),
    onStart() {
      call.onStream?.('connected');
      streamBegin = undefined;
      caller.reset();
    },
    onDrop() {
      queue.reset();
      call.onStream?.('dropped');
    },
    onEnd(reason, detail) {
      if (finish(reason, detail) && counts.connectedAfter !== null) call.onEnd?.(reason, detail);
    },
  });

  const openPorts = async (): Promise<void> => {
    const opened = await openCallPorts(pool, onDatagram);
    if (typeof opened === 'string') finish('no-audio-ports', opened);
    else if (ended) opened.close();
    else ports = opened;
  };

  const finish = (reason: AudioEnd, detail: string): boolean => {
    if (ended) return false;
    ended = { reason, detail };
    timer.remove(player);
    link.stop();
    ports?.close();
    const final = log();
    countCall(final);
    logger.info({ reason, detail, audio: final }, 'audio ended');
    parts.onFinished();
    return true;
  };

  const log = (): AudioLog => audioLogOf({ session: counts, queue: queue.counts, link: link.counts, arrivals, strangers: ports?.strangers ?? 0, ended: ended?.reason });

  const connect = async (): Promise<AudioOutcome> => {
    const [stream] = await Promise.all([link.connected, openPorts()]);
    if (stream.outcome === 'failed') finish(stream.reason, stream.detail);
    if (ended || !ports) return { outcome: 'failed', ...(ended ?? { reason: 'no-audio-ports', detail: '' }) };
    counts.connectedAfter = elapsed();
    return { outcome: 'connected', unicast: ports.headers };
  };

  return {
    connected: connect(),
    callerAudio: (withinMs) => within(heardFromCaller, withinMs),
    sendDtmf(digit) {
      if (!isDtmfDigit(digit)) return false;
      counts.digits += 1;
      link.sendDtmf(digit);
      return true;
    },
    log,
    stop() {
      finish('call-ended', 'the call ended');
      return log();
    },
  };
}

async function within(event: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => { timer = setTimeout(() => resolve(false), ms); });
  try {
    return await Promise.race([event.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
