const MARGIN_MS = 30_000;
/** At least: a trunk may get limits meanwhile. */
const QUEUE_SECONDS = 30;
const RING_SECONDS = 60;

/**
 * Nothing is dialled after this time: time to reach a bridge, to wait in the queues of the trunks (`queueSeconds`, all
 * together), and for each attempt before the last one to ring.
 */
export function dialUntilOf(
  requestedAt: string,
  {
    attempts,
    queueSeconds,
    ringSeconds = RING_SECONDS,
  }: { attempts: number; queueSeconds: number; ringSeconds: number | undefined },
): string {
  const seconds = Math.max(QUEUE_SECONDS, queueSeconds) + (attempts - 1) * ringSeconds;
  return new Date(Date.parse(requestedAt) + MARGIN_MS + seconds * 1_000).toISOString();
}
