import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 10 s. */
  timeoutMs?: number;
  /** Between two probes; default 25 ms. */
  intervalMs?: number;
  /** What was waited for. */
  message?: string;
  /** Looked at after each probe that failed: why it is of no use to wait longer. */
  hopeless?: () => string | undefined;
}

/**
 * Runs the probe until it neither throws nor yields `undefined`, `null` or `false`, and gives its value.
 * Past the deadline it throws, with the message and with what the last probe said.
 */
export async function eventually<T>(
  probe: () => Promise<T> | T,
  options: EventuallyOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = Date.now() + (options.timeoutMs ?? TIMEOUT_MS);
  for (;;) {
    const outcome = await attempt(probe);
    if (outcome.ok) return outcome.value as Exclude<T, undefined | null | false>;
    const giveUp = options.hopeless?.() ?? (Date.now() >= deadline ? late(outcome.why, options) : undefined);
    if (giveUp !== undefined) throw new Error(giveUp, { cause: outcome.cause });
    await sleep(options.intervalMs ?? 25);
  }
}

const TIMEOUT_MS = 10_000;

const late = (why: string, { message = 'condition', timeoutMs = TIMEOUT_MS }: EventuallyOptions) =>
  `${message}: not within ${timeoutMs} ms: ${why}`;

type Outcome<T> = { ok: true; value: T } | { ok: false; why: string; cause?: unknown };

async function attempt<T>(probe: () => Promise<T> | T): Promise<Outcome<T>> {
  try {
    const value = await probe();
    if (value === undefined || value === null || value === false)
      return { ok: false, why: `the last probe gave ${String(value)}` };
    return { ok: true, value };
  } catch (cause) {
    return { ok: false, why: cause instanceof Error ? cause.message : String(cause), cause };
  }
}
