/**
 * Whether FreeSWITCH's frames come. It sends one for every packet's time, also while the caller is silent or holds
 * (then they are filled with 0xFF), so none for a while means that `unicast` has ended or that FreeSWITCH itself stands
 * still: both ways are silent. Whatever makes it set the codec anew ends `unicast` without a word.
 */
export interface Attachment {
  /** A frame came. True: the first since it was attached. */
  arrived(now: number): boolean;
  /** Something happened that may end `unicast`: for a moment a shorter silence is enough. */
  doubt(now: number): void;
  /** It has been silent for too long. Once, until `look` or the next frame. */
  silent(now: number): boolean;
  /** Nobody found a reason: it is looked at again. */
  look(): void;
  /** Frames are awaited from a new `unicast`. */
  detach(): void;
  /** Since the last frame, or since it was detached without one. */
  quietMs(now: number): number;
  readonly attached: boolean;
  readonly counts: Readonly<{ reattached: number; silencedMs: number }>;
}

/** Five packets of 60 ms, the longest in use; a busy host is late by less. */
const SILENT_MS = 300;
/** Two of them. */
const DOUBTFUL_MS = 120;
const DOUBT_LASTS_MS = 1_000;

export function createAttachment(): Attachment {
  const counts = { reattached: 0, silencedMs: 0 };
  let attached = false;
  let last: number | undefined;
  let doubtedUntil = -Infinity;
  let told = false;

  return {
    arrived(now) {
      const first = !attached;
      if (first && last !== undefined) {
        counts.reattached += 1;
        counts.silencedMs += now - last;
      }
      attached = true;
      told = false;
      last = now;
      return first;
    },
    doubt(now) {
      doubtedUntil = now + DOUBT_LASTS_MS;
    },
    silent(now) {
      if (!attached || told || last === undefined || now - last < (now < doubtedUntil ? DOUBTFUL_MS : SILENT_MS))
        return false;
      told = true;
      return true;
    },
    look() {
      told = false;
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
