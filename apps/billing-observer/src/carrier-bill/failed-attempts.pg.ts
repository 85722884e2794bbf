import type { QueryRunner } from 'typeorm';
import { isEvent, readStored } from '../call-log/stored-event.js';
import { failedAttempts, type BilledLine, type FailedAttempt } from './failed-attempts.js';

/** An attempt begins so long after its call: a queue, and trunks that were tried before. */
const LATEST_ATTEMPT = "interval '1 hour'";
/** Of calls from one number to another within that time. */
const MOST_CALLS = 20;

/** The failed attempts of outbound calls in the call log that these lines may bill. */
export async function attemptsNear(
  runner: QueryRunner,
  { organization_id, tolerance_seconds }: { organization_id: string; tolerance_seconds: number },
  lines: readonly BilledLine[],
): Promise<FailedAttempt[]> {
  const rows: { envelope: string }[] = await runner.query(
    `SELECT envelope FROM calls WHERE type IN ('CallEnded', 'CallAttemptFailed') AND organization_id = $1 AND call_id IN
      (SELECT call.call_id FROM unnest($2::text[], $3::float8[]) AS line (to_number, second) CROSS JOIN LATERAL
        (SELECT call_id FROM call_log WHERE organization_id = $1 AND customer_phone = line.to_number AND direction =
            'outbound' AND started_at > to_timestamp(second - $4) - ${LATEST_ATTEMPT}
            AND started_at <= to_timestamp(second + $4)
          ORDER BY started_at DESC LIMIT ${MOST_CALLS}) AS call)`,
    [organization_id, lines.map(({ to_number }) => to_number), lines.map(({ second }) => second), tolerance_seconds],
  );
  return failedAttempts(rows.map(({ envelope }) => readStored(envelope)?.known).filter(isEvent));
}
