import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { gauge } from '@trunkmesh/runtime/metric.otel.js';
import type { AudioCall, AudioSession } from './audio-call.net.js';
import { CallSession } from './audio-session.net.js';
import { createFrameTimer } from './frame-clock.process.js';
import { createPortPool } from './port-pool.js';

export interface AudioEngineOptions {
  /**
   * UDP on the loopback, two ports a call. Apart from RTP's range and from the one that the operating system hands
   * out.
   */
  ports: { first: number; last: number };
  /** Default 30 s. */
  holdBackMs?: number;
  /** How long a caller hears silence while a dropped stream is connected again; default 3 s. */
  reconnectWithinMs?: number;
  /** A certificate authority of the operator's own for `wss`; default: the usual ones. */
  ca?: string;
  logger: Logger;
}

export interface AudioEngine {
  /** At once; how it went is what `connected` tells. */
  startAudio(call: AudioCall): AudioSession;
  /** Calls with audio, and the most that there are ports for. */
  readonly active: number;
  readonly capacity: number;
  /** Ends all sessions, as their calls' ends would. */
  stop(): void;
}

/** How often all calls are looked at for frames that stopped coming. */
const WATCH_MS = 50;

/** The audio of all calls of one host: one clock, one range of ports. */
export function createAudioEngine({
  ports,
  holdBackMs = 30_000,
  reconnectWithinMs = 3_000,
  ca,
  logger,
}: AudioEngineOptions): AudioEngine {
  const pool = createPortPool({ ...ports, holdBackMs, beginAt: Math.random() });
  const timer = createFrameTimer((error) => logger.error({ err: error }, "a call's audio could not be played"));
  const sessions = new Set<AudioSession>();
  const watching = setInterval(() => {
    const now = performance.now();
    for (const session of sessions) session.watch(now);
  }, WATCH_MS);
  const unpublish = gauge('trunkmesh_audio_calls', 'Calls that have audio at this moment', () => sessions.size);
  return {
    startAudio(call) {
      const session = new CallSession(
        { pool, timer, reconnectWithinMs, ca, onFinished: () => sessions.delete(session) },
        call,
      );
      sessions.add(session);
      return session;
    },
    get active() {
      return sessions.size;
    },
    capacity: pool.size,
    stop() {
      for (const session of sessions) session.stop();
      clearInterval(watching);
      unpublish();
    },
  };
}
