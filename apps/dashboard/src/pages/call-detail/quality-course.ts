import type { Schemas } from '../../api/client.http.js';
import { length, plural } from '../../format.js';
import { scoreMeasure, verdictOf } from './quality-measures.js';

/** What was measured in one interval of a call; seconds from the answer. */
export interface CoursePoint {
  from: number;
  to: number;
  /** Null: nothing was received, or FreeSWITCH did not answer. */
  mos: number | null;
  packets: number | null;
  flaws: number | null;
  gaps: number;
}

/** The intervals of a call that lasted so many seconds. */
export const pointsOf = (course: Schemas['QualityCourse'], duration: number | null): CoursePoint[] =>
  course.mos.map((mos, index) => {
    const from = index * course.interval_seconds;
    const to = index === course.mos.length - 1 ? (duration ?? 0) : from + course.interval_seconds;
    const [packets, flaws, gaps] = [course.packets_in[index], course.flaws[index], course.gaps[index]];
    return { from, to: Math.max(to, from + 1), mos, packets: packets ?? null, flaws: flaws ?? null, gaps: gaps ?? 0 };
  });

/** Whether the other party's audio was away for the whole interval. */
export const isSilent = ({ packets }: CoursePoint): boolean => packets === 0;

export const timeOf = ({ from, to }: Pick<CoursePoint, 'from' | 'to'>): string => `${length(from)} to ${length(to)}`;

/** The course in words, for whom a picture says nothing. */
export function courseText(points: readonly CoursePoint[]): string {
  const scored = points.filter((point): point is CoursePoint & { mos: number } => point.mos !== null);
  const silent = points.filter(isSilent).length;
  const gaps = points.reduce((sum, point) => sum + point.gaps, 0);
  return [
    scored.length === 0 ? 'No interval has a score.' : scoreText(scored),
    ...(silent === 0 ? [] : [`Nothing was received in ${plural(silent, 'interval')}.`]),
    ...(gaps === 0 ? [] : [`The assistant's speech had ${plural(gaps, 'gap')}.`]),
  ].join(' ');
}

function scoreText(scored: readonly (CoursePoint & { mos: number })[]): string {
  const worst = scored.reduce((lowest, point) => (point.mos < lowest.mos ? point : lowest));
  if (verdictOf(scoreMeasure(worst.mos)) === 'good') return `The score was good all the time, at least ${worst.mos}.`;
  const best = Math.max(...scored.map(({ mos }) => mos));
  return `The score was lowest from ${timeOf(worst)}, ${worst.mos}; the highest was ${best}.`;
}

type Measured = Pick<Schemas['CallDetail'], 'answered_at' | 'reconstructed' | 'audio' | 'duration_seconds'>;

/** Why there is no course to show. */
export function whyNoCourse({ answered_at, reconstructed, audio, duration_seconds }: Measured): string {
  if (answered_at === null) return 'The call was not answered, so its course was not measured.';
  if (reconstructed) return 'The bridge failed during the call, so the course of its quality is lost.';
  if (audio === null) return 'No assistant had this call, so only the whole call was measured.';
  if ((duration_seconds ?? 0) < 2) return 'The call was too short to measure a course.';
  return 'The bridge reported no course: it was older than this dashboard, or FreeSWITCH did not answer it.';
}
