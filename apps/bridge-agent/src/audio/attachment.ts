/**
 * Watches whether FreeSWITCH sends frames. It sends one per packet time, also while the caller is silent or on hold
 * (then filled with 0xFF), so a pause means that `unicast` has ended or that FreeSWITCH itself has stalled; both
 * directions are silent then. Anything that makes FreeSWITCH set the codec again ends `unicast` without notice.
 */
export interface Attachment {
  /** A frame arrived. True for the first one after attaching. */
  arrived(now: number): boolean;
  /** Something happened that may end `unicast`: for a moment a shorter silence is enough. */
  doubt(now: number): void;
  /** True once when no frame has arrived for too long; then false until `look` or the next frame. */
  silent(now: number): boolean;
  /** No cause was found: watch again. */
  look(): void;
  /** Wait for frames from a new `unicast`. */
  detach(): void;
  /** Since the last frame, or since it was detached without one. */
  quietMs(now: number): number;
  readonly attached: boolean;
  readonly counts: Readonly<{ reattached: number; silencedMs: number }>;
}

/** Five packets of 60 ms, the longest packet time in use; a busy host is late by less than that. */
const SILENT_MS = 300;
/** Two of them. */
const DOUBTFUL_MS = 120;
const DOUBT_LASTS_MS = 1_000;

export function createAttachment(): Attachment {
  const counts = { reattached: 0, silencedMs: 0 };
  let attached = false;
  let last: number | undefined;
  let doubtedUntil = -Infinity;
  let reported = false;

  return {
    arrived(now) {
      const first = !attached;
      if (first && last !== undefined) {
        counts.reattached += 1;
        counts.silencedMs += now - last;
      }
      attached = true;
      reported = false;
      last = now;
      return first;
    },
    doubt(now) {
      doubtedUntil = now + DOUBT_LASTS_MS;
    },
    silent(now) {
      if (!attached || reported || last === undefined || now - last < (now < doubtedUntil ? DOUBTFUL_MS : SILENT_MS))
        return false;
      reported = true;
      return true;
    },
    look() {
      reported = false;
    },
    detach() {
      attached = false;
    },
    quietMs: (now) => (last === undefined ? 0 : now - last),
    get attached() {
      return attached;
    },
    counts,
  };
}
