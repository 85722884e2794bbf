import type { ReactNode } from 'react';

export type Tone = 'good' | 'bad' | 'warn' | 'calm';

const TONES: Readonly<Record<string, Tone>> = {
  live: 'good',
  pass: 'good',
  completed: 'good',
  active: 'good',
  done: 'good',
  accepted: 'good',
  up: 'good',
  added: 'good',
  updated: 'good',
  failed: 'bad',
  fail: 'bad',
  refused: 'bad',
  missing: 'bad',
  down: 'bad',
  unplaced: 'bad',
  pending: 'warn',
  draining: 'warn',
  suspended: 'warn',
  inconclusive: 'warn',
  unknown: 'warn',
  leaving: 'warn',
  ongoing: 'warn',
  queued: 'warn',
};

/** A state as a word; the colour only repeats it. */
export const Badge = ({ state, children }: { state: string; children?: ReactNode }) => (
  <span className={`badge ${TONES[state] ?? 'calm'}`}>{children ?? state}</span>
);
