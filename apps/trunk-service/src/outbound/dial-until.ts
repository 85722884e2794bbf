const MARGIN_MS = 30_000;
const QUEUE_MS = 30_000;
const RING_SECONDS = 60;

/**
 * Nothing is dialled after this time: time to reach a bridge and to wait for a free channel, and for each attempt
 * before the last one to ring.
 */
export function dialUntilOf(requestedAt: string, attempts: number, ringSeconds = RING_SECONDS): string {
  const ringing = (attempts - 1) * ringSeconds * 1_000;
  return new Date(Date.parse(requestedAt) + MARGIN_MS + QUEUE_MS + ringing).toISOString();
}
