import { setTimeout as pause } from 'node:timers/promises';
import type { Request, Response } from 'express';

export const EVENT_STREAM = 'text/event-stream';
const PING_MS = 15_000;

export interface Streamed<Value> {
  everyMs: number;
  forMs: number;
  look: () => Promise<Value | undefined>;
  isLast: (value: Value) => boolean;
}

/**
 * Server-sent events (WHATWG HTML): what `look` finds, whenever it differs from what was sent last, until the last one
 * or until the client hangs up.
 */
export async function streamEvents<Value>(
  { request, response }: { request: Request; response: Response },
  { everyMs, forMs, look, isLast }: Streamed<Value>,
): Promise<void> {
  const gone = new AbortController();
  request.once('close', () => gone.abort());
  response.once('close', () => gone.abort());
  // Buffering proxies would keep the events until the end.
  response.status(200).set({ 'Content-Type': EVENT_STREAM, 'X-Accel-Buffering': 'no' }).flushHeaders();
  const until = performance.now() + forMs;
  for (let sent = '', pinged = performance.now(); !gone.signal.aborted && performance.now() < until;) {
    // The database may be down for a moment: the next attempt shows it.
    const value = await look().catch(() => undefined);
    const text = value === undefined ? sent : JSON.stringify(value);
    if (text !== sent) {
      response.write(`event: report\ndata: ${text}\n\n`);
      sent = text;
    } else if (performance.now() - pinged > PING_MS) {
      response.write(': still here\n\n');
      pinged = performance.now();
    }
    if (value !== undefined && isLast(value)) break;
    await pause(everyMs, undefined, { signal: gone.signal }).catch(() => undefined);
  }
  response.end();
}
