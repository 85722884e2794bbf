import type { AudioEnd, AudioLog } from '@trunkmesh/contracts/audio.js';
import { createArrivalWatch } from './arrival-watch.js';
import { createAttachment } from './attachment.js';
import type { AudioCall, AudioOutcome, AudioSession } from './audio-call.net.js';
import { countCall } from './audio-metrics.otel.js';
import { audioLogOf, isDtmfDigit, noCounts } from './audio-session.js';
import { decodeBase64 } from './base64.js';
import { createCallPackets } from './call-packets.js';
import { openCallPorts, type CallPorts } from './call-ports.net.js';
import { createCallerFrames } from './caller-frames.js';
import type { FramePlayer, FrameTimer } from './frame-clock.process.js';
import { openMediaLink, type MediaLink } from './media-link.net.js';
import { customParameters } from './media-stream.js';
import { FRAME_MS } from './frame-clock.js';
import { createPlayoutQueue, FRAME_BYTES, FRAME_L16_BYTES } from './playout-queue.js';
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
  const attachment = createAttachment();
  const untilAttached = new Set<() => void>();

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
  const onDatagram = (datagram: Buffer): void => {
    const now = performance.now();
    const quietMs = attachment.quietMs(now);
    if (attachment.arrived(now)) {
      // Not before: FreeSWITCH would not be there to hear it, and the assistant's first words would be lost.
      for (const tell of untilAttached) tell();
      queue.missed(Math.floor(quietMs / FRAME_MS));
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
    logger.warn(
      { refused_ms: refused / 8 },
      'the assistant sent more than a minute of speech ahead: its oldest is left out',
    );
  };

  const link: MediaLink = openMediaLink(
    {
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
    },
    {
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
    },
  );

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

  const log = (): AudioLog =>
    audioLogOf({
      session: counts,
      queue: queue.counts,
      link: link.counts,
      arrivals,
      attachment: attachment.counts,
      strangers: ports?.strangers ?? 0,
      ended: ended?.reason,
    });

  const connect = async (): Promise<AudioOutcome> => {
    const [stream] = await Promise.all([link.connected, openPorts()]);
    if (stream.outcome === 'failed') finish(stream.reason, stream.detail);
    if (ended || !ports) return { outcome: 'failed', ...(ended ?? { reason: 'no-audio-ports', detail: '' }) };
    counts.connectedAfter = elapsed();
    return { outcome: 'connected', unicast: ports.headers };
  };

  return {
    connected: connect(),
    callerAudio: (withinMs) => (attachment.attached ? Promise.resolve(true) : within(untilAttached, withinMs)),
    packetsOf: (milliseconds) => packets.fit(milliseconds),
    quietMs: () => attachment.quietMs(performance.now()),
    doubt: () => attachment.doubt(performance.now()),
    lookAgain: () => attachment.look(),
    detach() {
      attachment.detach();
      timer.remove(player);
    },
    watch(now) {
      if (!ended && attachment.silent(now)) call.onSilent?.();
    },
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

/** False: it did not happen within that time. */
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
