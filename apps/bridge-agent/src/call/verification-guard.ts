/**
 *  Verification calls of this bridge, bounded: whoever may call at all can dial codes as fast as it likes. Times in
 *  milliseconds.
 */
export interface VerificationGuard {
  /** Of calls that go on, by source address. */
  readonly going: Map<string, number>;
  /** Refused codes of a source address in this window. */
  readonly refused: Map<string, { since: number; count: number }>;
}

export const AT_ONCE = 16;
export const AT_ONCE_PER_SOURCE = 2;
/** Wrong codes of one source address, until nobody is asked about its codes any more for the rest of the window. */
export const REFUSED_PER_WINDOW = 10;
export const WINDOW_MS = 60_000;
const SOURCES = 1_000;

export const verificationGuard = (): VerificationGuard => ({ going: new Map(), refused: new Map() });

/** False: there is no room, and nobody is asked about the code. */
export function enter({ going, refused }: VerificationGuard, source: string, now: number): boolean {
  const window = refused.get(source);
  if (window !== undefined && now - window.since < WINDOW_MS && window.count >= REFUSED_PER_WINDOW) return false;
  let all = 0;
  for (const count of going.values()) all += count;
  const own = going.get(source) ?? 0;
  if (all >= AT_ONCE || own >= AT_ONCE_PER_SOURCE) return false;
  going.set(source, own + 1);
  return true;
}

export function leave({ going }: VerificationGuard, source: string): void {
  const left = (going.get(source) ?? 0) - 1;
  if (left > 0) going.set(source, left);
  else going.delete(source);
}

/** The code was not accepted. */
export function noteRefused({ refused }: VerificationGuard, source: string, now: number): void {
  const window = refused.get(source);
  const open = window !== undefined && now - window.since < WINDOW_MS;
  refused.delete(source);
  refused.set(source, open ? { ...window, count: window.count + 1 } : { since: now, count: 1 });
  if (refused.size > SOURCES) refused.delete(refused.keys().next().value!);
}
