/** Bounds the verification calls of this bridge: a caller could dial codes at any rate. Times in milliseconds. */
export interface VerificationGuard {
  /** Calls in progress, by source address. */
  readonly going: Map<string, number>;
  /** Rejected codes in this window, by source address. */
  readonly refused: Map<string, { since: number; count: number }>;
}

export const MAX_CALLS = 16;
export const MAX_CALLS_PER_SOURCE = 2;
/** Wrong codes of one source address after which its codes are not checked for the rest of the window. */
export const REFUSED_PER_WINDOW = 10;
export const WINDOW_MS = 60_000;
const MAX_SOURCES = 1_000;

export const verificationGuard = (): VerificationGuard => ({ going: new Map(), refused: new Map() });

/** False when there is no room: the code is not checked. */
export function enter({ going, refused }: VerificationGuard, source: string, now: number): boolean {
  const window = refused.get(source);
  if (window !== undefined && now - window.since < WINDOW_MS && window.count >= REFUSED_PER_WINDOW) return false;
  let all = 0;
  for (const count of going.values()) all += count;
  const own = going.get(source) ?? 0;
  if (all >= MAX_CALLS || own >= MAX_CALLS_PER_SOURCE) return false;
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
  if (refused.size > MAX_SOURCES) refused.delete(refused.keys().next().value!);
}
