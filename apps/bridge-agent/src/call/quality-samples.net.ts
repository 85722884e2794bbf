import type { QualityCourse } from '@trunkmesh/contracts/call-parts.js';
import { QualityReadings, SAMPLE_SECONDS, type QualityReading } from '../live/quality-course.js';
import type { HangupFacts } from '../live/hangup-facts.js';
import type { AudioSession } from '../audio/audio-call.net.js';
import type { EslEvent } from '../esl/esl-event.js';
import type { Talk } from './call-talk.net.js';

export interface Sampling {
  talk: Pick<Talk, 'rtp'>;
  channelId: string;
  /** Gaps so far in what was played to the caller. */
  gaps: () => number;
  /** For tests: the time and the timer. */
  clock?: SampleClock;
}

export interface SampleClock {
  /** Milliseconds. */
  now(): number;
  /** Returns a function that stops it. */
  every(milliseconds: number, run: () => void): () => void;
}

const CLOCK: SampleClock = {
  now: () => performance.now(),
  every: (milliseconds, run) => {
    const timer = setInterval(run, milliseconds);
    return () => clearInterval(timer);
  },
};

/**
 * Reads a call's quality from FreeSWITCH every five seconds, over the call's own connection, which FreeSWITCH serves
 * whatever the channel is doing. Audio frames cost nothing more.
 */
export class QualitySamples {
  private readings: QualityReadings | undefined;
  private readonly clock: SampleClock;
  private stop: (() => void) | undefined;
  private asking = false;
  private ended = false;
  private lastAt = 0;

  constructor(private readonly sampling: Sampling) {
    this.clock = sampling.clock ?? CLOCK;
    void this.begin();
  }

  /** What has been measured so far, without another request. Null: nothing yet. */
  soFar(): QualityCourse | null {
    return this.readings?.soFar() ?? null;
  }

  /** Call once, when the call has ended. Null: it was too short, or FreeSWITCH reported nothing at its start. */
  end(hangup: HangupFacts | undefined): QualityCourse | null {
    this.ended = true;
    this.stop?.();
    const seconds = (this.clock.now() - this.lastAt) / 1_000;
    return this.readings?.end({ rtp: hangup?.rtp, gaps: this.sampling.gaps() }, seconds) ?? null;
  }

  private async begin(): Promise<void> {
    const begin = await this.read();
    if (this.ended) return;
    const readings = new QualityReadings(begin);
    this.readings = readings;
    this.lastAt = this.clock.now();
    this.stop = this.clock.every(SAMPLE_SECONDS * 1_000, () => void this.sample(readings));
  }

  private async sample(readings: QualityReadings): Promise<void> {
    this.lastAt = this.clock.now();
    if (this.asking) return readings.take({ rtp: undefined, gaps: this.sampling.gaps() });
    this.asking = true;
    const reading = await this.read();
    this.asking = false;
    if (!this.ended) readings.take(reading);
  }

  private async read(): Promise<QualityReading> {
    const { talk, channelId, gaps } = this.sampling;
    const rtp = await talk.rtp(channelId);
    return { rtp: rtp && { packetsIn: rtp.packetsIn, flaws: rtp.flaws }, gaps: gaps() };
  }
}

/** Starts sampling an answered channel with attached audio. `headers`: the channel's, from FreeSWITCH. */
export const sampleQuality = (talk: Talk, headers: EslEvent['headers'], session: AudioSession): QualitySamples =>
  new QualitySamples({ talk, channelId: headers.get('Unique-ID') ?? '', gaps: () => session.log().underruns });
