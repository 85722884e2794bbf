import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { gauge } from '@trunkmesh/runtime/metric.otel.js';
import type { AudioCall, AudioSession } from './audio-call.net.js';
import { CallSession } from './audio-session.net.js';
import { createFrameTimer } from './frame-clock.process.js';
import { createPortPool } from './port-pool.js';

export interface AudioEngineOptions {
  /**
   * UDP ports on the loopback, two per call. Outside RTP's range and outside the operating system's ephemeral range.
   */
  ports: { first: number; last: number };
  /** Default 30 s. */
  holdBackMs?: number;
  /** How long the caller gets silence while a dropped stream is reconnected; default 3 s. */
  reconnectWithinMs?: number;
  /** The operator's own certificate authority for `wss`; default: the system's. */
  ca?: string;
  logger: Logger;
}

export interface AudioEngine {
  /** Returns at once; `connected` gives the outcome. */
  startAudio(call: AudioCall): AudioSession;
  /** Calls with audio, and how many the port range allows. */
  readonly active: number;
  readonly capacity: number;
  /** Ends all sessions, as if their calls had ended. */
  stop(): void;
}

/** How often every call is checked for frames that stopped. */
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
  const timer = createFrameTimer((error) => logger.error({ err: error }, "cannot play a call's audio"));
  const sessions = new Set<AudioSession>();
  const watching = setInterval(() => {
    const now = performance.now();
    for (const session of sessions) session.watch(now);
  }, WATCH_MS);
  const unpublish = gauge('trunkmesh_audio_calls', 'Calls with audio now', () => sessions.size);
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
