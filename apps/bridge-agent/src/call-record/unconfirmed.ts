/**
 * Which call records on disk to publish now. Each is in one of three states: `unsent` until its turn, `sending` until
 * the log has acknowledged it, `sent` until billing-observer has confirmed it. Times in milliseconds of one clock.
 */
export interface Unconfirmed {
  /** In the order in which they are to be sent. */
  readonly unsent: Set<number>;
  readonly sending: Set<number>;
  readonly sent: Set<number>;
  readonly history: Map<number, { at: number; times: number }>;
}

export const createUnconfirmed = (numbers: Iterable<number>): Unconfirmed => ({
  unsent: new Set(numbers),
  sending: new Set(),
  sent: new Set(),
  history: new Map(),
});

export const countUnconfirmed = ({ unsent, sending, sent }: Unconfirmed): number =>
  unsent.size + sending.size + sent.size;

/** Takes the next one to send; it becomes `sending`. */
export function takeNext(state: Unconfirmed): number | undefined {
  const [number] = state.unsent;
  if (number === undefined) return undefined;
  state.unsent.delete(number);
  state.sending.add(number);
  return number;
}

/** The log acknowledged it. */
export function acknowledged(state: Unconfirmed, number: number, now: number): void {
  // Confirmed in the meantime: it has none of the three states any more.
  if (!state.sending.delete(number)) return;
  state.sent.add(number);
  state.history.set(number, { at: now, times: (state.history.get(number)?.times ?? 0) + 1 });
}

/** Back to the end of the queue: one that can never be published must not block the others. */
export function failed(state: Unconfirmed, number: number): void {
  if (state.sending.delete(number)) state.unsent.add(number);
}

/** A call record reported missing right after it was sent is still in flight. */
const SETTLING_MS = 2_000;
/**
 * Acknowledged and not confirmed: either billing-observer is down, and sending again does not help, or the log has lost
 * it, and only sending again helps.
 */
const FIRST_RESEND_MS = 5 * 60_000;
const LONGEST_RESEND_MS = 60 * 60_000;

/**
 * Applies a confirmation: everything up to `through` is done; missing call records are sent again, less often each
 * time.
 */
export function confirmed(
  state: Unconfirmed,
  { through, missing }: { through: number; missing: readonly number[] },
  now: number,
): void {
  for (const numbers of [state.unsent, state.sending, state.sent, state.history]) {
    for (const number of numbers.keys()) if (number <= through) numbers.delete(number);
  }
  for (const number of missing) if (isDue(state, number, now, SETTLING_MS)) sendAgain(state, number);
}

/** Call records that were acknowledged long ago and never confirmed. */
export function resendOld(state: Unconfirmed, now: number): void {
  for (const number of state.sent) if (isDue(state, number, now, FIRST_RESEND_MS)) sendAgain(state, number);
}

function isDue({ history }: Unconfirmed, number: number, now: number, firstMs: number): boolean {
  const last = history.get(number);
  return (
    last !== undefined && now - last.at >= Math.min(firstMs * 2 ** Math.min(last.times - 1, 20), LONGEST_RESEND_MS)
  );
}

function sendAgain({ sent, unsent }: Unconfirmed, number: number): void {
  if (sent.delete(number)) unsent.add(number);
}
