import { QUALITY_INTERVALS, type QualityCourse } from '@trunkmesh/contracts/call-parts.js';

/** How often FreeSWITCH is asked, in seconds. */
export const SAMPLE_SECONDS = 5;

/** What has been counted since the call began. */
export interface QualityReading {
  /** FreeSWITCH's counts of the caller's RTP; undefined where it did not answer in time. */
  rtp: { packetsIn: number; flaws: number } | undefined;
  /** Gaps in what was played to the caller. */
  gaps: number;
}

/** A rest of the call that is shorter than this, in seconds, is part of the interval before it. */
const SHORTEST_SECONDS = 1;

/**
 * How good a call's audio was, interval by interval. Only the readings at the ends of intervals are kept: when there
 * are as many as the contract allows, every second one goes, and the intervals are twice as long.
 */
export class QualityReadings {
  private readings: QualityReading[];
  private taken = 0;
  /** Samples in an interval. */
  private step = 1;

  constructor(begin: QualityReading) {
    this.readings = [begin];
  }

  /** Every `SAMPLE_SECONDS`. */
  take(reading: QualityReading): void {
    this.taken += 1;
    if (this.taken % this.step !== 0) return;
    this.readings.push(reading);
    // The end of the call adds one interval more.
    if (this.readings.length <= QUALITY_INTERVALS) return;
    this.readings = this.readings.filter((_, index) => index % 2 === 0);
    this.step *= 2;
  }

  /** The intervals that are over. Null: none is yet. */
  soFar(): QualityCourse | null {
    return this.readings.length < 2 ? null : courseOf(this.readings, this.step * SAMPLE_SECONDS);
  }

  /** The call ended, so many seconds after the last sample. Null: it was too short. */
  end(reading: QualityReading, secondsSince: number): QualityCourse | null {
    const rest = (this.taken % this.step) * SAMPLE_SECONDS + secondsSince;
    const kept = rest < SHORTEST_SECONDS ? this.readings.slice(0, -1) : this.readings;
    return kept.length === 0 ? null : courseOf([...kept, reading], this.step * SAMPLE_SECONDS);
  }
}

function courseOf(readings: readonly QualityReading[], interval_seconds: number): QualityCourse {
  const course: QualityCourse = { interval_seconds, mos: [], packets_in: [], flaws: [], gaps: [] };
  let before = readings[0]!;
  for (const { rtp, gaps } of readings.slice(1)) {
    const received = rtp && since(rtp, before.rtp);
    course.packets_in.push(received?.packetsIn ?? null);
    course.flaws.push(received?.flaws ?? null);
    course.mos.push(received === undefined ? null : scoreOf(received));
    course.gaps.push(Math.max(0, gaps - before.gaps));
    before = { rtp: rtp ?? before.rtp, gaps };
  }
  return course;
}

type Received = NonNullable<QualityReading['rtp']>;

/** FreeSWITCH begins to count flaws again when there are more of them than packets. */
const since = (now: Received, { packetsIn, flaws }: Received = { packetsIn: 0, flaws: 0 }): Received => ({
  packetsIn: Math.max(0, now.packetsIn - packetsIn),
  flaws: Math.max(0, now.flaws - flaws),
});

/**
 * FreeSWITCH's own formula (`do_mos` in switch_rtp.c), which it applies to the whole call. Null: nothing was received,
 * so there is nothing to score.
 */
function scoreOf({ packetsIn, flaws }: Received): number | null {
  if (packetsIn === 0) return null;
  const r = Math.trunc(Math.max(0, (packetsIn - flaws) / packetsIn) * 100);
  return Math.round((1 + 0.035 * r + 0.000007 * r * (r - 60) * (100 - r)) * 100) / 100;
}
