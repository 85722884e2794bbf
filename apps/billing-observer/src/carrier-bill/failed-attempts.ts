import type { CallEvent } from '@trunkmesh/contracts/call.js';
import type { CallAttempt } from '@trunkmesh/contracts/call-parts.js';
import type { TimeIs } from '@trunkmesh/contracts/carrier-bill.js';

/** An attempt of an outbound call that was not answered. */
export interface FailedAttempt {
  call_id: string;
  /** Null: a test of settings that were not saved. */
  trunk_id: string | null;
  from_number: string;
  to_number: string;
  /** When it began and ended, milliseconds since 1970. */
  began: number;
  ended: number;
}

/** Of events of the call log: each attempt once, whichever events say it. */
export function failedAttempts(events: readonly CallEvent[]): FailedAttempt[] {
  const found = new Map<string, FailedAttempt>();
  for (const { type, data } of events) {
    if (type !== 'CallEnded' && type !== 'CallAttemptFailed') continue;
    const attempts: readonly CallAttempt[] = type === 'CallEnded' ? (data.attempts ?? []) : [data.attempt];
    for (const { attempt, outcome, trunk_id, started_at, duration_ms } of attempts) {
      if (outcome !== 'failed') continue;
      const began = Date.parse(started_at);
      const numbers = { from_number: data.from, to_number: data.to };
      found.set(`${data.call_id} ${attempt}`, {
        ...{ call_id: data.call_id, trunk_id, ...numbers },
        ...{ began, ended: began + duration_ms },
      });
    }
  }
  return [...found.values()];
}

/** A line of the carrier's file that the ledger has no entry for. */
export interface BilledLine {
  from_number: string;
  to_number: string;
  /** Seconds since 1970. */
  second: number;
}

export interface Attribution {
  tolerance_seconds: number;
  time_is: TimeIs;
  /** Null: all. */
  trunk_ids: readonly string[] | null;
}

/**
 * Matches each line with at most one attempt that has the same numbers: the nearest in time within the tolerance.
 * An unanswered attempt has no answer time, so carriers give the time at which it began or ended.
 */
export function attributed<Line extends BilledLine>(
  lines: readonly Line[],
  attempts: readonly FailedAttempt[],
  { tolerance_seconds, time_is, trunk_ids }: Attribution,
): Map<Line, FailedAttempt> {
  const distance = ({ second }: Line, { began, ended }: FailedAttempt): number => {
    const from = (time: number) => Math.abs(second - Math.floor(time / 1_000));
    if (time_is === 'answer') return Math.min(from(began), from(ended));
    return from(time_is === 'start' ? began : ended);
  };
  const pairs = lines.flatMap((line) =>
    attempts
      .filter(
        (attempt) =>
          attempt.from_number === line.from_number &&
          attempt.to_number === line.to_number &&
          (trunk_ids === null || (attempt.trunk_id !== null && trunk_ids.includes(attempt.trunk_id))),
      )
      .map((attempt) => ({ line, attempt, apart: distance(line, attempt) }))
      .filter(({ apart }) => apart <= tolerance_seconds),
  );
  const found = new Map<Line, FailedAttempt>();
  const taken = new Set<FailedAttempt>();
  for (const { line, attempt } of pairs.sort((a, b) => a.apart - b.apart)) {
    if (found.has(line) || taken.has(attempt)) continue;
    found.set(line, attempt);
    taken.add(attempt);
  }
  return found;
}
